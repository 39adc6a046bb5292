"""Raw events in PostgreSQL: a table in monthly partitions, written by COPY.

Relied on: leaves are unique on (environment, source, id) and no longer than a month, so a repeat inside a month can't
be written, whoever writes at the same moment; a probe of the months around finds those whose times lie within 35 days.

Most batches hold nothing but new events, and are copied straight into their month, which takes half the time of any
statement that looks first. The first repeat in it makes that fail: then the batch is staged, and written by one INSERT
that leaves repeats out. Writers write in the order of the key, so that two with the same events wait for each other
one way round only. Reading is `metering.stores.asked`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg.errors import UniqueViolation

from metering.rules.envelope import REPEAT_DAYS, Kept
from metering.rules.states import MICROSECOND
from metering.stores.asked import COUNTED, asked, condition, count, find, of_accounts, stream
from metering.stores.events import FOREVER, Key, Place, Select, Stored

__all__ = [
    "COUNTED", "FOREVER", "Key", "Place", "Row", "Select", "Stored", "add", "alone", "asked", "condition", "count",
    "enter", "find", "kept", "make_months", "of_accounts", "put", "settled", "stream",
]  # fmt: skip
WINDOW = f"{REPEAT_DAYS.days} days"
WRITERS = 0x6D74_7772  # advisory lock: writers hold it shared, the sweep waits for them
SPREAD = 6  # months in one batch; more are probed without naming each

COLUMNS = "environment_id, received_at, account_id, source, event_id, type, subject, time, is_time_given, data, digest"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS metering_staged (
  environment_id bigint, received_at timestamptz, account_id bigint, source text, event_id text, type text,
  subject text, "time" timestamptz, is_time_given boolean, data jsonb, digest bytea
) ON COMMIT DELETE ROWS;
DELETE FROM pg_temp.metering_staged;
"""
# Thousands of keys travel as three long texts: arrays cost more to write than the probe itself.
KEYS = """unnest(string_to_array(%(sources)s, E'\\n'), string_to_array(%(ids)s, E'\\n'),
  string_to_array(%(times)s, E'\\n')::timestamptz[]) WITH ORDINALITY k(source, event_id, "time", n)"""
ELSEWHERE = f"""
SELECT k.n - 1 FROM {KEYS}, LATERAL (
  SELECT 1 FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = k.source AND e.event_id = k.event_id AND e.revision = 0
    AND e."time" >= %(low)s AND e."time" < %(high)s
    AND e."time" BETWEEN k."time" - %(days)s::interval AND k."time" + %(days)s::interval
  LIMIT 1
) known WHERE k."time" >= %(from)s AND k."time" < %(to)s
"""
INSERT = f"""
WITH written AS (
  INSERT INTO metering_event ({COLUMNS}) SELECT {COLUMNS} FROM pg_temp.metering_staged ORDER BY source, event_id
  ON CONFLICT DO NOTHING
  RETURNING source, event_id
)
SELECT s.source, s.event_id FROM pg_temp.metering_staged s LEFT JOIN written w USING (source, event_id)
WHERE w.event_id IS NULL
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


def add(*, environment_id: int, rows: Sequence[Row], at: datetime) -> set[Key]:
    """Write events whose keys are not there yet; return those that were. Keys in `rows` must be unique."""
    if not rows:
        return set()
    months = sorted({(row.time.year, row.time.month) for row in rows})
    make_months(date(year, month, 1) for year, month in months)
    ordered = sorted(rows, key=_key)
    known = _elsewhere(environment_id, ordered, months)
    fresh = [row for row in ordered if _key(row) not in known] if known else ordered
    start = f"{environment_id}\t{at.isoformat()}\t"
    try:
        with transaction.atomic():
            for month in months:
                _copy(_leaf(*month), [_line(start, row) for row in fresh if (row.time.year, row.time.month) == month])
        return known
    except UniqueViolation:  # a repeat, or another writer with the same key
        return known | _staged(start, fresh)


def _elsewhere(environment_id: int, rows: Sequence[Row], months: Sequence[tuple[int, int]]) -> set[Key]:
    """Find the keys that stand in other months than their own, within the window of repeats."""
    keys: dict[str, Any] = {
        "environment": environment_id,
        "days": WINDOW,
        "sources": "\n".join([row.source for row in rows]),
        "ids": "\n".join([row.event_id for row in rows]),
        "times": "\n".join([row.when for row in rows]),
    }
    known: set[Key] = set()
    with connection.cursor() as cursor:
        for probe in _probes(months, rows):
            cursor.execute(ELSEWHERE, keys | probe)
            known |= {_key(rows[n]) for (n,) in cursor.fetchall()}
    return known


def _staged(start: str, rows: Sequence[Row]) -> set[Key]:
    """Write what is new among the rows and return the keys that were there."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        _copy("pg_temp.metering_staged", [_line(start, row) for row in rows])
        cursor.execute(INSERT)
        return set(cursor.fetchall())


def _copy(table: str, lines: Sequence[str]) -> None:
    if lines:
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
            copy.write("\n".join(lines))


def _leaf(year: int, month: int) -> str:
    return f"metering_event_{year:04}_{month:02}"


def _key(row: Row) -> Key:
    return row.source, row.event_id


def _probes(months: Sequence[tuple[int, int]], rows: Sequence[Row]) -> Iterator[dict[str, datetime]]:
    """Say where else each month's keys may stand: its own partition refuses repeats by itself.

    The bounds are constants, so that only the partitions concerned are opened.
    """
    low = min(row.time for row in rows) - REPEAT_DAYS
    high = max(row.time for row in rows) + REPEAT_DAYS + MICROSECOND  # the last instant of the window belongs to it
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


def _line(start: str, row: Row) -> str:
    """Write one line of COPY's text format; control characters were refused at the door."""
    text = f"{row.source}\t{row.event_id}\t{row.type}\t{row.subject}"
    data = row.text
    if "\\" in text or "\\" in data:
        text, data = text.replace("\\", "\\\\"), data.replace("\\", "\\\\")
    given = "t" if row.is_time_given else "f"
    return f"{start}{row.account_id}\t{text}\t{row.when}\t{given}\t{data}\t\\\\x{row.digest.hex()}"


# -- corrections and backfills

PUT = f"""
INSERT INTO metering_event ({COLUMNS}, revision)
SELECT %(environment)s, %(at)s, account_id, source, event_id, type, subject, "time", given, data::jsonb, digest,
       revision
FROM unnest(%(account_id)s::bigint[], %(source)s::text[], %(event_id)s::text[], %(type)s::text[], %(subject)s::text[],
            %(time)s::timestamptz[], %(is_time_given)s::bool[], %(text)s::text[], %(digest)s::bytea[],
            %(revision)s::int[])
  row (account_id, source, event_id, type, subject, "time", given, data, digest, revision)
ORDER BY source, event_id
RETURNING source, event_id, seq
"""


def put(*, environment_id: int, rows: Sequence[tuple[Row, int]], at: datetime) -> dict[Key, int]:
    """Write rows of known keys, each with its revision (above 0), and give their `seq`; keys must be unique."""
    if not rows:
        return {}
    make_months(row.time.date().replace(day=1) for row, _ in rows)
    columns: dict[str, Any] = {name: [getattr(row, name) for row, _ in rows] for name in Row.__struct_fields__}
    columns |= {"revision": [revision for _, revision in rows], "environment": environment_id, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(PUT, columns)
        return {(source, event_id): seq for source, event_id, seq in cursor.fetchall()}


def alone() -> int:
    """Let no writer in until this transaction ends, having waited for those of this moment; give the last `seq`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS])
        cursor.execute("SELECT last_value FROM metering_event_seq")
        return int(cursor.fetchone()[0])
