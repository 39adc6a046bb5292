"""``./run bench [--quick] [AREA]``: prints one line for each figure, then the machine that made them."""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import django
from django.conf import settings

from benchmarks import metering, quota
from benchmarks.client import Client
from benchmarks.figures import Figure, spread

BATCH = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("area", nargs="?", choices=sorted(AREAS), help="only this area")
    asked = parser.parse_args()
    django.setup()
    found: dict[str, dict[str, str]] = {}
    for name, area in AREAS.items():
        if asked.area in (None, name):
            for figure in area(asked.quick):
                print(figure.line(name), flush=True)
                found[f"{name}.{figure.name}"] = {"value": figure.value, "unit": figure.unit, "aim": figure.aim}
    # ./run bench has servers of its own in var/bench; the figures are kept beside that folder.
    (settings.VAR_DIR.parent / "bench.json").write_text(json.dumps(found, indent=1))
    print(f"on {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")


# -- ingest


def ingest(quick: bool) -> Iterator[Figure]:
    """Send batches of new events through the door, by one caller and by four at once."""
    key, batches = _key(), 10 if quick else 100
    for callers in (1, 4):
        began = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            shares = list(pool.map(lambda _, c=callers: _send(key, batches // c), range(callers)))
        seconds = [each for share in shares for each in share]
        rate = len(seconds) * BATCH / (time.perf_counter() - began)
        yield Figure(f"http_{callers}_callers", f"{rate:.0f}", "events/s")
        yield from spread(f"http_{callers}_callers_batch_of_{BATCH}", seconds)


def _key() -> str:
    from monetization.foundation.actions import access
    from monetization.foundation.models import Environment, User

    now = datetime.now(UTC)
    _, secret = access.issue_key(
        environment=Environment.objects.get(key="live"),
        owner=User.objects.get(email="eli@lumen.example"),
        name=f"bench {uuid.uuid4()}",
        scopes=["events:write"],
        expires_at=now + timedelta(hours=1),
        by=None,
        at=now,
    )
    return secret


def _send(key: str, batches: int) -> list[float]:
    client = Client(settings.BASE_URL, {"Authorization": f"Bearer {key}"})
    seconds = []
    for _ in range(batches):
        status, content = client.ask("POST", "/api/v1/events", _events(), Content_Type="application/json")
        assert status == 200 and json.loads(content)["accepted"] == BATCH, content[:500]
        seconds.append(client.seconds)
    return seconds


def _events() -> bytes:
    now, source = datetime.now(UTC), str(uuid.uuid4())
    return json.dumps(
        [
            {
                "id": str(number),
                "source": source,
                "type": "llm.request",
                "subject": ("acme", "globex", "hooli")[number % 3],
                "time": (now - timedelta(milliseconds=number)).isoformat(),
                "data": {
                    "provider": "openai",
                    "model": "gpt-4o",
                    "input_tokens": 1000 + number,
                    "output_tokens": 100 + number,
                    "region": "us",
                },
            }
            for number in range(BATCH)
        ]
    ).encode()


# -- pages


def pages(quick: bool) -> Iterator[Figure]:
    """Open the pages that people live in, signed in as those who live there."""
    from monetization.demo.company import PASSWORD

    times = 20 if quick else 200
    for email, paths in {
        "finn@lumen.example": ("/console/inbox/", "/console/invoices/", _first_invoice()),
        "pat@acme.example": ("/portal/", "/portal/#cost"),
    }.items():
        client = Client(settings.BASE_URL)
        client.sign_in(email, PASSWORD)
        for path in paths:
            where = _followed(client, path)
            name = "_".join(part for part in where.split("/") if part and not part.isdigit())
            one = "_one" if where.rstrip("/").rpartition("/")[2].isdigit() else ""
            yield from spread(name + one, [_opened(client, where) for _ in range(times)])


def _first_invoice() -> str:
    from billing.models import Invoice

    return f"/console/invoices/{Invoice.objects.order_by('pk').values_list('pk', flat=True)[0]}/"


def _followed(client: Client, path: str) -> str:
    """Where a path leads: the portal's start goes to the account, ``#name`` to its page of that name."""
    start, _, name = path.partition("#")
    client.ask("GET", start)
    start = client.location or start
    return start + (f"{name}/" if name else "")


def _opened(client: Client, path: str) -> float:
    status, _ = client.ask("GET", path)
    assert status == 200, f"{path} answered {status}"
    return client.seconds


AREAS = {"ingest": ingest, "metering": metering.figures, "quota": quota.figures, "pages": pages}

if __name__ == "__main__":
    main()
