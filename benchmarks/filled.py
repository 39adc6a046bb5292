"""A month that is full: 20 million events (half a million with --quick) and the usage that they add up to.

Written by SQL as fast as PostgreSQL can, with the widths, the keys local in time and the activity of typical
customers. The rows of usage are what the fold would have made of them: `rollups.py` compares their sums with those of
the events before it measures anything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connections

from benchmarks.events import SOURCE, combination, drawn
from benchmarks.world import COMBINATIONS, TYPE, world
from metering.stores import postgres as store

SLOTS, DAYS = 1 << 17, 27
AN_ACCOUNT = 2_000  # events in the month, so that less data means fewer accounts
CHUNK = 1_000_000
PREPARE = """
SET work_mem = '512MB';
SET synchronous_commit = off;
CREATE TEMP TABLE IF NOT EXISTS drawn (n integer, account integer, model text, region text, kind text);
DROP TABLE IF EXISTS bench_slot;
CREATE TABLE bench_slot (
  n integer, account_id bigint, subject text, dimensions_id bigint, model text, region text, kind text
);
"""
SETS = """
INSERT INTO metering_dimensionset (metric_version_id, "values")
SELECT %s, jsonb_build_object('model', model, 'region', region, 'kind', kind)
FROM unnest(%s::text[], %s::text[], %s::text[]) made(model, region, kind)
ON CONFLICT DO NOTHING
"""
DRAW = """
INSERT INTO bench_slot
SELECT drawn.n, a.id, a.key, d.id, model, region, kind
FROM drawn
JOIN foundation_account a ON a.environment_id = %s AND a.key = 'c' || lpad(drawn.account::text, 5, '0')
JOIN metering_dimensionset d ON d.metric_version_id = %s
  AND d."values" = jsonb_build_object('model', model, 'region', region, 'kind', kind)
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """A full month and an empty one, too far apart for a repeat to be looked for in the other."""

    month: date
    empty: date
    events: int

    def late(self, month: date) -> datetime:
        """Give an instant near the month's end, after all that it was filled with."""
        return datetime(month.year, month.month, DAYS + 1, 6, 40, 30, tzinfo=UTC)


def fill(count: int) -> Filled:
    """Fill last month with `count` events and their usage; an older month stays empty."""
    today = datetime.now(UTC).date()
    made = Filled(_before(today, 1), _before(today, 4), count)
    store.make_months([made.month, made.empty])
    _draw(count // AN_ACCOUNT)
    with connections["owner"].cursor() as cursor:
        for first in range(0, count, CHUNK):
            cursor.execute(_events(made, first, min(first + CHUNK, count) - 1))
        cursor.execute(_usage(made))
        cursor.execute(DAYS_OF_HOURS.format(version=world().metric.version_id, month=made.month))
        cursor.execute(f"VACUUM ANALYZE {_leaf(made.month)}")
        cursor.execute("VACUUM ANALYZE metering_hourlyusage, metering_dailyusage")
        cursor.execute("RESET synchronous_commit")
    return made


def _draw(accounts: int) -> None:
    """Draw whose event comes when, for 2^17 events; then it begins again."""
    version, chance = world().metric.version_id, random.Random(11)
    with connections["owner"].cursor() as cursor:
        cursor.execute(PREPARE)
        cursor.execute(SETS, [version, *(list(column) for column in zip(*COMBINATIONS, strict=True))])
        with cursor.copy("COPY drawn FROM STDIN") as copy:
            for n, account in enumerate(drawn(SLOTS, chance, accounts)):
                copy.write_row((n, account, *combination(account, chance)))
        cursor.execute("ANALYZE drawn")
        cursor.execute(DRAW, [world().environment.pk, version])
        cursor.execute("ANALYZE bench_slot")


def _numbered(made: Filled, first: int, last: int) -> str:
    """Select the events from `first` to `last`: whose slot, when, how much."""
    step = timedelta(days=DAYS) / made.events
    return f"""
        SELECT made.n, slot.account_id, subject, dimensions_id, model, region, kind, 1 + made.n * 7919 % 8999 AS tokens,
               '{made.month} 00:00:00+00'::timestamptz + made.n * '{step.total_seconds():.9f} seconds'::interval AS at
        FROM generate_series({first}::bigint, {last}) made(n)
        JOIN bench_slot slot ON slot.n = made.n * 514229 % {SLOTS}
    """


def _events(made: Filled, first: int, last: int) -> str:
    return f"""
        INSERT INTO {_leaf(made.month)} (environment_id, received_at, account_id, source, event_id, type, subject,
                                         "time", is_time_given, data, digest)
        SELECT {world().environment.pk}, at + interval '1 second', account_id, '{SOURCE}',
          lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 11, '0') || lpad(to_hex(n), 8, '0'), '{TYPE}', subject,
          at, true, jsonb_build_object('model', model, 'region', region, 'kind', kind, 'tokens', tokens,
            'cached', n % 900, 'latency_ms', n % 4000, 'endpoint', '/v1/chat/completions',
            'request', 'req_' || lpad(to_hex(n), 14, '0')), sha256(n::text::bytea)
        FROM ({_numbered(made, first, last)}) event
    """


def _usage(made: Filled) -> str:
    return f"""
        INSERT INTO metering_hourlyusage (account_id, metric_version_id, dimensions_id, hour, quantity, events, mark)
        SELECT account_id, {world().metric.version_id}, dimensions_id, date_trunc('hour', at, 'UTC'), sum(tokens),
               count(*), 1
        FROM ({_numbered(made, 0, made.events - 1)}) event GROUP BY 1, 3, 4 ORDER BY 4, 1, 3
    """


DAYS_OF_HOURS = """
    INSERT INTO metering_dailyusage (account_id, metric_version_id, dimensions_id, date, quantity, events)
    SELECT account_id, metric_version_id, dimensions_id, (hour AT TIME ZONE 'UTC')::date, sum(quantity), sum(events)
    FROM metering_hourlyusage WHERE metric_version_id = {version} AND hour >= '{month}' AND hour < '{month}'::date + 27
    GROUP BY 1, 2, 3, 4 ORDER BY 4, 1, 3
"""


def _leaf(month: date) -> str:
    return f"metering_event_{month:%Y_%m}"


def _before(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
