"""The embedded servers: one launcher a folder, no stale state in the way, the two roles walled in."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from monetization.embedded import addresses, in_use, servers
from monetization.processes import NotStarted

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from monetization.embedded import servers
with servers(Path(sys.argv[1]), broker=False, durable=False):
    print("up", flush=True)
    time.sleep(600)
"""


def who(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_user").fetchone()[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("embedded")


def test_starts_with_roles_and_extension_and_stops(folder: Path) -> None:
    with servers(folder, durable=False) as children:
        assert sorted(children) == ["PostgreSQL", "Valkey"]
        at = addresses(folder)
        assert (who(at.app), who(at.owner)) == ("app", "owner")
        with psycopg.connect(at.owner, autocommit=True) as owner:
            assert owner.execute("SELECT extname FROM pg_extension WHERE extname = 'btree_gist'").fetchone()
            owner.execute("CREATE TABLE fact (id bigint PRIMARY KEY)")
        with psycopg.connect(at.app, autocommit=True) as app:
            app.execute("INSERT INTO fact VALUES (1)")
            for forbidden in ("TRUNCATE fact", "DROP TABLE fact", "CREATE TABLE mine ()", "ALTER TABLE fact ADD x int"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(forbidden)
            app.execute("SET ROLE portal")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("SELECT * FROM fact")
    assert [child.returncode for child in children.values()] == [0, 0]
    assert not addresses(folder).sockets.exists()
    assert not in_use(folder)


def test_second_launcher_is_refused(folder: Path) -> None:
    with servers(folder, database=False), pytest.raises(NotStarted, match=f"in use by process {os.getpid()}"):
        servers(folder, database=False).__enter__()


def test_data_is_kept_and_a_recycled_pid_is_no_obstacle(folder: Path) -> None:
    # A pid file that names a living process of the same user which is no PostgreSQL: this one.
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'postgres'}\n0\n5432\n\n\n")
    with servers(folder, broker=False, durable=False), psycopg.connect(addresses(folder).app) as app:
        assert app.execute("SELECT id FROM fact").fetchall() == [(1,)]


def test_killed_launcher_takes_the_server_along_and_the_next_starts_at_once(folder: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], cwd=ROOT, stdout=subprocess.PIPE)
    assert launcher.stdout and launcher.stdout.readline() == b"up\n"
    server = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    with servers(folder, broker=False, durable=False), psycopg.connect(addresses(folder).app) as app:
        assert app.execute("SELECT count(*) FROM fact").fetchone() == (1,)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{server}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_server_recovers_what_was_committed(folder: Path) -> None:
    with servers(folder, broker=False) as children:
        with psycopg.connect(addresses(folder).app) as app:
            app.execute("INSERT INTO fact VALUES (2)")
        children["PostgreSQL"].kill()
        children["PostgreSQL"].wait()
    with servers(folder, broker=False), psycopg.connect(addresses(folder).app) as app:
        assert app.execute("SELECT id FROM fact ORDER BY id").fetchall() == [(1,), (2,)]


def test_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "monetization.supervisor", "demo", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(tmp_path / "var")},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"run: port {port} can't be used (Address already in use)")
    assert f"try: ./run demo --port {port + 1}" in done.stderr
    assert not (tmp_path / "var" / "postgres").exists()
