"""What a full month costs: counting into it, and asking it.

Counting into it takes turns with counting into an empty month of the same age. A month for all accounts is asked of
the daily usage and of the raw events, and both must come to the same.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, connections

from benchmarks import events, filled
from benchmarks.figures import Figure, spread
from benchmarks.filled import Filled
from benchmarks.fold import BATCH, counted
from benchmarks.rounds import Rounds
from benchmarks.world import world
from metering.queries import Cut, measured
from monetization.values.periods import Period

FULL, QUICK = 20_000_000, 500_000
SUMS = "SELECT count(*), sum(quantity), sum(events) FROM ({}) asked"
RAW = """
SELECT account_id, data->>'model' AS model, data->>'region' AS region, data->>'kind' AS kind,
       sum((data->>'tokens')::numeric) AS quantity, count(*) AS events
FROM metering_event
WHERE environment_id = %(environment)s AND type = 'bench.request' AND "time" >= %(start)s AND "time" < %(end)s
GROUP BY 1, 2, 3, 4
"""
HOURS = """
SELECT account_id, dimensions_id, sum(quantity) AS quantity, sum(events) AS events FROM metering_hourlyusage
WHERE metric_version_id = %(version)s AND hour >= %(start)s AND hour < %(end)s GROUP BY 1, 2
"""
DAYS = """
SELECT account_id, dimensions_id, sum(quantity) AS quantity, sum(events) AS events FROM metering_dailyusage
WHERE metric_version_id = %(version)s AND date >= %(start)s::date AND date < %(end)s::date GROUP BY 1, 2
"""


def figures(quick: bool) -> Iterator[Figure]:
    """Fill a month, then measure."""
    began = time.perf_counter()
    made = filled.fill(QUICK if quick else FULL)
    yield Figure("filled_with", f"{made.events}", "events")
    yield Figure("filled_in", f"{time.perf_counter() - began:.0f}", "s")
    yield from _month(made, 2 if quick else 3)
    yield from _one_account(made, 100 if quick else 1000)
    yield from _fold(made, 5 if quick else 20)


def _month(made: Filled, times: int) -> Iterator[Figure]:
    """A month for all accounts."""
    asked = {
        "environment": world().environment.pk, "version": world().metric.version_id,
        "start": f"{made.month} 00:00+00", "end": f"{made.month + timedelta(days=filled.DAYS)} 00:00+00",
    }  # fmt: skip
    raw, raw_sums = _asked(RAW, asked, 1)
    hours, hour_sums = _asked(HOURS, asked, times)
    days, day_sums = _asked(DAYS, asked, times)
    assert raw_sums == hour_sums == day_sums, (raw_sums, hour_sums, day_sums)
    yield Figure("month_of_all_raw", f"{raw:.2f}", "s")
    yield Figure("month_of_all_by_hours", f"{hours:.3f}", "s")
    yield Figure("month_of_all_by_days", f"{days:.3f}", "s")
    yield Figure("month_of_all_gain", f"{raw / days:.0f}", "times faster than raw", "≥ 50")
    cut = Cut(_period(made, made.late(made.month).replace(hour=0, minute=0, second=0)), _metrics())
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        rows = measured(account_ids=world().accounts, cuts=[cut])
        seconds.append(time.perf_counter() - began)
    assert sum(row.events for row in rows) == made.events
    yield Figure("month_of_all_measured", f"{min(seconds):.2f}", "s")
    yield Figure("month_of_all_measured_gain", f"{raw / min(seconds):.0f}", "times faster than raw")


def _asked(sql: str, parameters: dict[str, Any], times: int) -> tuple[float, Any]:
    """Ask for sums. Returns the best of some times in seconds, and the answer."""
    seconds = []
    with connection.cursor() as cursor:
        for _ in range(times):
            began = time.perf_counter()
            cursor.execute(SUMS.format(sql), parameters)
            answer = cursor.fetchone()
            seconds.append(time.perf_counter() - began)
    return min(seconds), answer


def _one_account(made: Filled, times: int) -> Iterator[Figure]:
    """One account's month so far, cut at this very moment: a second within an hour that has events."""
    chance, seconds = random.Random(3), []
    for account in chance.choices(world().accounts, k=times):
        now = made.late(made.month) - timedelta(days=1, seconds=chance.randrange(3600))
        cut = Cut(_period(made, now), _metrics())
        began = time.perf_counter()
        measured(account_ids=[account], cuts=[cut])
        seconds.append(time.perf_counter() - began)
    yield from spread("usage_of_one_account", seconds, "≤ 10 ms")


def _fold(made: Filled, count: int) -> Iterator[Figure]:
    """The same batches into the full and into the empty month."""
    rounds = Rounds()
    for _ in range(count + 1):
        jobs = {}
        for name, month in (("empty", made.empty), ("filled", made.month)):
            batch = events.body(events.made(BATCH, until=made.late(month)))
            jobs[name] = (BATCH, partial(counted, batch, BATCH))
        rounds.run(jobs)
    rounds.forget_first()
    yield Figure("fold_empty_rate", f"{rounds.rate('empty'):.0f}", "events/s")
    yield Figure("fold_filled_rate", f"{rounds.rate('filled'):.0f}", "events/s")
    yield Figure("fold_filled", f"{rounds.ratio('filled', 'empty'):.2f}", "of empty", "≥ 0.85")


def _period(made: Filled, end: Any) -> Period:
    return Period(made.late(made.month).replace(day=1, hour=0, minute=0, second=0), end)


def _metrics() -> dict[int, Any]:
    return {world().metric.version_id: world().metric}


def size_of(made: Filled) -> int:
    """Count the bytes of the full month with its indexes."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s)", [f"metering_event_{made.month:%Y_%m}"])
        return int(cursor.fetchone()[0])
