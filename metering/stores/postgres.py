"""Raw events in PostgreSQL: a table in monthly partitions, written by COPY into a staging table and one INSERT.

Relied on: leaves are unique on (environment, source, id) and no longer than a month, so `ON CONFLICT DO NOTHING`
refuses a repeat inside a month, whoever writes at the same moment; a probe of the months around finds those whose times
lie within 35 days. Reading is `metering.stores.asked`.

Writers insert in the order of the key, so that two with the same events wait for each other one way round only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from django.db import connection

from metering.rules.envelope import REPEAT_DAYS, Kept
from metering.stores.asked import COUNTED, asked, condition, count, find, of_accounts, stream
from metering.stores.events import FOREVER, Key, Place, Select, Stored

__all__ = [
    "COUNTED", "FOREVER", "Key", "Place", "Row", "Select", "Stored", "add", "asked", "condition", "count", "enter",
    "find", "kept", "make_months", "of_accounts", "settled", "stream",
]  # fmt: skip
WINDOW = f"{REPEAT_DAYS.days} days"
WRITERS = 0x6D74_7772  # advisory lock: writers hold it shared, the sweep waits for them
SPREAD = 6  # months in one batch; more are probed without naming each

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS metering_staged (
  n int, account_id bigint, source text, event_id text, type text, subject text, "time" timestamptz,
  is_time_given boolean, data jsonb, digest bytea
) ON COMMIT DELETE ROWS;
DELETE FROM pg_temp.metering_staged;
"""
COPY = "COPY pg_temp.metering_staged FROM STDIN"
ELSEWHERE = """
SELECT s.n FROM pg_temp.metering_staged s, LATERAL (
  SELECT 1 FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = s.source AND e.event_id = s.event_id AND e.revision = 0
    AND e."time" >= %(low)s AND e."time" < %(high)s
    AND e."time" BETWEEN s."time" - %(days)s::interval AND s."time" + %(days)s::interval
  LIMIT 1
) known WHERE s."time" >= %(from)s AND s."time" < %(to)s
"""
INSERT = """
WITH written AS (
  INSERT INTO metering_event (environment_id, received_at, account_id, source, event_id, type, subject, "time",
                              is_time_given, data, digest)
  SELECT %(environment)s, %(at)s, s.account_id, s.source, s.event_id, s.type, s.subject, s."time", s.is_time_given,
         s.data, s.digest
  FROM pg_temp.metering_staged s WHERE s.n <> ALL(%(known)s)
  ORDER BY s.source, s.event_id
  ON CONFLICT DO NOTHING
  RETURNING source, event_id
)
SELECT s.n FROM pg_temp.metering_staged s LEFT JOIN written w USING (source, event_id) WHERE w.event_id IS NULL
"""
KEPT = """
SELECT k.source, k.event_id, e.digest, e."time", e.is_time_given
FROM unnest(%(sources)s::text[], %(ids)s::text[], %(times)s::timestamptz[]) k(source, event_id, "time")
JOIN LATERAL (
  SELECT * FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = k.source AND e.event_id = k.event_id
    AND e.revision = 0 AND e."time" >= %(low)s AND e."time" <= %(high)s
    AND e."time" BETWEEN k."time" - %(days)s::interval AND k."time" + %(days)s::interval
  ORDER BY e.seq LIMIT 1
) e ON true
"""


class Row(msgspec.Struct, frozen=True, gc=False):
    """An event to be written; `text` is its canonical data, `when` its time as it stands in a body."""

    account_id: int
    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    is_time_given: bool
    text: str
    digest: bytes
    when: str


def enter() -> None:
    """Say that this transaction writes events; held until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [WRITERS])


def settled() -> int:
    """Wait for the writers of this moment and give the highest `seq` below which nothing can appear any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [WRITERS])
        try:
            cursor.execute("SELECT last_value FROM metering_event_seq")
            return int(cursor.fetchone()[0])
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [WRITERS])


def make_months(months: Iterable[date]) -> int:
    """Make the partitions that are missing for these months; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE made) FROM"
            " (SELECT metering_make_partition(m) AS made FROM unnest(%s::date[]) m ORDER BY m) made",
            [sorted(set(months))],
        )
        return int(cursor.fetchone()[0])


def add(*, environment_id: int, rows: Sequence[Row], at: datetime) -> list[int]:
    """Write events whose keys are not there yet; return the places in `rows` (keys unique) of those that were."""
    if not rows:
        return []
    months = sorted({(row.time.year, row.time.month) for row in rows})
    make_months(date(year, month, 1) for year, month in months)
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        with cursor.copy(COPY) as copy:
            copy.write("\n".join([_line(n, row) for n, row in enumerate(rows)]))
        known: list[int] = []
        for probe in _probes(months, rows):
            cursor.execute(ELSEWHERE, probe | {"environment": environment_id, "days": WINDOW})
            known += [n for (n,) in cursor.fetchall()]
        cursor.execute(INSERT, {"environment": environment_id, "at": at, "known": known})
        return [n for (n,) in cursor.fetchall()]


def _probes(months: Sequence[tuple[int, int]], rows: Sequence[Row]) -> Iterator[dict[str, datetime]]:
    """Say where else each month's keys may stand: its own partition refuses repeats by itself.

    The bounds are constants, so that only the partitions concerned are opened.
    """
    low, high = min(row.time for row in rows) - REPEAT_DAYS, max(row.time for row in rows) + REPEAT_DAYS
    if len(months) > SPREAD:
        yield {"low": low, "high": high, "from": low, "to": high}
        return
    for year, month in months:
        start, end = datetime(year, month, 1, tzinfo=UTC), _next(year, month)
        for first, last in ((max(low, start - REPEAT_DAYS), start), (end, min(high, end + REPEAT_DAYS))):
            if first < last:
                yield {"low": first, "high": last, "from": start, "to": end}


def _next(year: int, month: int) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def kept(*, environment_id: int, keys: Mapping[Key, datetime]) -> dict[Key, Kept]:
    """Look up the first accepted event of each key, around the time that is given for it."""
    if not keys:
        return {}
    parameters: dict[str, Any] = {
        "environment": environment_id,
        "days": WINDOW,
        "sources": [source for source, _ in keys],
        "ids": [event_id for _, event_id in keys],
        "times": list(keys.values()),
        "low": min(keys.values()) - REPEAT_DAYS,
        "high": max(keys.values()) + REPEAT_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(KEPT, parameters)
        return {
            (source, event_id): Kept(bytes(digest), time, given)
            for source, event_id, digest, time, given in cursor.fetchall()
        }


def _line(n: int, row: Row) -> str:
    """Write one line of COPY's text format; control characters were refused at the door."""
    text = f"{row.source}\t{row.event_id}\t{row.type}\t{row.subject}"
    data = row.text
    if "\\" in text or "\\" in data:
        text, data = text.replace("\\", "\\\\"), data.replace("\\", "\\\\")
    given = "t" if row.is_time_given else "f"
    return f"{n}\t{row.account_id}\t{text}\t{row.when}\t{given}\t{data}\t\\\\x{row.digest.hex()}"
