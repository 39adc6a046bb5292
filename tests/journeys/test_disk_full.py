"""PostgreSQL on a small volume that fills up: refused cleanly, nothing half written, and on again with room."""

import os
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from monetization.embedded import addresses
from monetization.processes import tail
from tests import make, metered
from tests.served import Served

VOLUME, LEFT = 320 * 1024 * 1024, 3 * 1024 * 1024
SMALL_LOG = ("min_wal_size = '32MB'", "max_wal_size = '64MB'", "autovacuum = off")
BATCH = 500


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A mounted folder with little room."""
    folder = tmp_path / "volume"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME}", "meterstone-test", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def served(transactional_db: None, volume: Path) -> Iterator[Served]:
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    own = Served(volume, token=make.token(world.eli, world.live))
    own.start_postgres()
    own.copy()
    with psycopg.connect(addresses(volume).postgres("postgres"), autocommit=True) as server:
        for setting in SMALL_LOG:
            server.execute(f"ALTER SYSTEM SET {setting}")
        server.execute("SELECT pg_reload_conf()")
        server.execute("CHECKPOINT")
    own.start_web()
    yield own
    own.stop()


def fill(folder: Path) -> Path:
    """Take the room of a volume but for a little."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - LEFT)
    return ballast


def batch(number: int) -> list[dict]:
    padding = {"note": "x" * 300}
    return [metered.request(number * BATCH + n, data=padding) for n in range(BATCH)]


def counted(served: Served) -> tuple[int, set[tuple[Decimal, int]]]:
    """Count events, and what hourly usage says of them (input and output tokens)."""
    (events,) = served.asked("SELECT count(*) FROM metering_event")[0]
    usage = served.asked("SELECT sum(quantity), sum(events) FROM metering_hourlyusage GROUP BY dimensions_id")
    return events, set(usage)


@pytest.mark.volume
def test_a_full_disk_refuses_and_loses_nothing(served: Served, volume: Path) -> None:
    assert served.send(batch(0))[0] == 200
    ballast, accepted, refused = fill(volume), 1, None
    while refused is None:
        assert accepted < 200
        status, body, headers = served.send(batch(accepted))
        if status == 200:
            accepted += 1
        else:
            refused = (status, body["type"], body["errors"][0]["message"], headers["retry-after"])
    assert refused == (503, "about:blank#storage_full", "There is no room to store this", "30")
    total = accepted * BATCH
    assert counted(served) == (total, {(Decimal(total * 100), total), (Decimal(total * 10), total)})
    # Neighbours: what needs no room is answered, another batch is refused alike, and the server is the same.
    assert served.send(batch(0))[1].get("duplicates", BATCH) == BATCH
    status, body, _ = served.send(batch(accepted))
    assert status == 503, tail(served.log, 60)
    assert served.get("/events?limit=1")[0] == 200
    assert served.postgres.poll() is None and served.web.poll() is None
    ballast.unlink()
    status, body, _ = served.send(batch(accepted))
    assert (status, body["accepted"]) == (200, BATCH)
    total += BATCH
    assert counted(served) == (total, {(Decimal(total * 100), total), (Decimal(total * 10), total)})
