"""How fast events are folded, beside R: COPY of the same rows into a table with the same two indexes.

Absolute figures depend on the machine and on what else runs; the ratios hold. Every event goes through the whole
action: envelope, admission, deduplication, hourly usage, mark.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, connections

from benchmarks.figures import Figure, spread

BATCH, SMALL = 10_000, 1_000
MODELS = tuple(f"model-{number}" for number in range(27))

TABLE = """
CREATE TABLE IF NOT EXISTS bench_r (LIKE metering_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
CREATE UNIQUE INDEX IF NOT EXISTS bench_r_key ON bench_r (environment_id, source, event_id);
CREATE INDEX IF NOT EXISTS bench_r_account ON bench_r (account_id, "time");
"""
COLUMNS = "environment_id, account_id, source, event_id, type, subject, time, received_at, data, digest"


def figures(quick: bool) -> Iterator[Figure]:
    """R, the fold with new events and with repeats, one account's usage."""
    from metering.actions.ingest import ingest
    from monetization.foundation.models import Environment

    live, rounds = Environment.objects.get(key="live"), 2 if quick else 10
    batches = [_events(BATCH) for _ in range(rounds)]
    base = _rate(rounds, [lambda each=each: _copied(each) for each in batches])
    yield Figure("R", f"{base:.0f}", "events/s")

    def fold(events: list[dict[str, Any]]) -> None:
        receipt = ingest(environment=live, events=events, by=None, at=datetime.now(UTC))
        assert receipt.accepted + receipt.duplicates == len(events), receipt.items[0]

    new = _rate(rounds, [lambda each=each: fold(each) for each in batches])
    yield Figure("fold_10k", f"{new / base:.2f}", "R", "≥ 0.75 R")
    yield Figure("fold_10k_rate", f"{new:.0f}", "events/s")
    mixed = [batch[: BATCH // 2] + _events(BATCH // 2) for batch in batches]
    half = _rate(rounds, [lambda each=each: fold(each) for each in mixed])
    yield Figure("fold_half_repeats", f"{half / new:.2f}", "of new", "≥ 1.00")
    yield from _usage(50 if quick else 500)


def _rate(rounds: int, jobs: list[Any]) -> float:
    began = time.perf_counter()
    for job in jobs:
        job()
    return rounds * BATCH / (time.perf_counter() - began)


def _events(count: int) -> list[dict[str, Any]]:
    """Make events of the running hour's last minutes, with keys that rise with time."""
    now, source, chance = datetime.now(UTC), str(uuid.uuid4()), random.Random(5)
    return [
        {
            "id": f"{number:08}",
            "source": source,
            "type": "llm.request",
            "subject": ("acme", "globex", "hooli")[number % 3],
            "time": (now - timedelta(milliseconds=10 * (count - number))).isoformat(),
            "data": {
                "provider": "openai",
                "model": chance.choice(MODELS),
                "input_tokens": chance.randrange(1, 9000),
                "output_tokens": chance.randrange(1, 2000),
                "region": "us",
            },
        }
        for number in range(count)
    ]


def _copied(events: list[dict[str, Any]]) -> None:
    """Write the same rows as plainly as PostgreSQL can take them; the text is made beforehand by nobody else."""
    from monetization.values.canonical import canonical

    stamp, digest = datetime.now(UTC).isoformat(), "\\\\x" + "00" * 32
    lines = [
        f"1\t{1 + n % 3}\t{e['source']}\t{e['id']}\t{e['type']}\t{e['subject']}\t{e['time']}\t{stamp}"
        f"\t{canonical(e['data'])}\t{digest}"
        for n, e in enumerate(events)
    ]
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLE)
        for start in range(0, len(lines), SMALL):
            with cursor.copy(f"COPY bench_r ({COLUMNS}) FROM STDIN") as copy:
                copy.write("\n".join(lines[start : start + SMALL]))


def _usage(times: int) -> Iterator[Figure]:
    """Ask for one account's running month, cut at this very moment, as a draft invoice does."""
    from catalog.queries import metric_versions_for
    from metering.queries import Cut, measured
    from monetization.foundation.models import Account
    from monetization.values.periods import Period

    account = Account.objects.get(environment__key="live", key="acme")
    metrics = {d.terms.version_id: d.terms for d in metric_versions_for(account.environment_id)}
    now = datetime.now(UTC)
    cut = Cut(Period(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0), None), metrics)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        measured(account_ids=[account.pk], cuts=[cut])
        seconds.append(time.perf_counter() - began)
    yield from spread("usage_of_one_month", seconds, "≤ 10 ms")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM metering_event")
        yield Figure("events_in_the_table", str(cursor.fetchone()[0]), "events")
