"""Raw events in PostgreSQL: a table in monthly partitions, written by COPY.

Relied on: leaves are unique on (environment, source, id) and no longer than a month, so a repeat inside a month can't
be written, whoever writes at the same moment; a probe of the months around finds those whose times lie within 35 days.

Most batches hold nothing but new events, and are copied straight into their month, which takes half the time of any
statement that looks first. A repeat in it makes that fail: then the keys are looked up and what is new is copied; while
a sender goes on repeating, each batch is looked up at once. Where another writer has come in between with the same
keys, the batch is staged, and written by one INSERT that leaves repeats out. Writers write month by month, each in the
order of the key, so that two with the same events wait for each other one way round only. Reading is
`metering.stores.asked`.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import msgspec
from django.db import connection, transaction
from psycopg.errors import UniqueViolation

from metering.stores.asked import COUNTED, asked, condition, count, find, of_accounts, stream
from metering.stores.events import FOREVER, Key, Place, Select, Stored
from metering.stores.known import Event, by_month, elsewhere, here, kept, key_of, keys_at

__all__ = [
    "COUNTED", "FOREVER", "Key", "Place", "Row", "Select", "Stored", "add", "alone", "asked", "condition", "count",
    "enter", "find", "kept", "make_months", "of_accounts", "put", "settled", "stream",
]  # fmt: skip
WRITERS = 0x6D74_7772  # advisory lock: writers hold it shared, the sweep waits for them
BLOCK = 300  # rows written at a time, some 100 KB

COLUMNS = "environment_id, received_at, account_id, source, event_id, type, subject, time, is_time_given, data, digest"
STAGE = """
CREATE TEMP TABLE IF NOT EXISTS metering_staged (
  environment_id bigint, received_at timestamptz, account_id bigint, source text, event_id text, type text,
  subject text, "time" timestamptz, is_time_given boolean, data jsonb, digest bytea
) ON COMMIT DELETE ROWS;
DELETE FROM pg_temp.metering_staged;
"""
INSERT = f"""
WITH written AS (
  INSERT INTO metering_event ({COLUMNS}) SELECT {COLUMNS} FROM pg_temp.metering_staged
  ORDER BY date_trunc('month', "time", 'UTC'), source, event_id ON CONFLICT DO NOTHING
  RETURNING source, event_id
)
SELECT s.source, s.event_id FROM pg_temp.metering_staged s LEFT JOIN written w USING (source, event_id)
WHERE w.event_id IS NULL
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

    @property
    def key(self) -> Key:
        """Give source and id."""
        return self.source, self.event_id


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


WARY = 16  # batches that this process looks up before it copies them, once one held repeats
_wary_for = [0]


def as_it_is(row: Row) -> Row:
    """Give a row that is made already."""
    return row


def add(
    *, environment_id: int, rows: Sequence[Event], at: datetime, row_of: Callable[[Any], Row | None] = as_it_is
) -> set[Key]:  # fmt: skip
    """Write events whose keys are not there yet; return those that were. Keys in `rows` must be unique.

    `row_of` makes the row of each while PostgreSQL takes in those before it, maybe more than once; what it gives none
    for is not written.
    """
    if not rows:
        return set()
    months = by_month(sorted(rows, key=key_of))
    make_months(date(year, month, 1) for year, month in months)
    is_wary = _wary_for[0] > 0
    known = keys_at(environment_id, elsewhere(months, here=is_wary))
    if is_wary:
        _wary_for[0] = WARY if known else _wary_for[0] - 1
    start = f"{environment_id}\t{at.isoformat()}\t"
    for _ in range(2):
        try:
            with transaction.atomic():
                for month, events in months.items():
                    _copy(_leaf(*month), start, map(row_of, _without(events, known)))
            return known
        except UniqueViolation:  # a repeat, or another writer with the same key
            _wary_for[0] = WARY
            known |= keys_at(environment_id, here(months))
    fresh = [row for events in months.values() for row in map(row_of, _without(events, known)) if row]
    return known | _staged(start, fresh)


def _without(events: Sequence[Event], known: set[Key]) -> Sequence[Event]:
    return [each for each in events if each.key not in known] if known else events


def _staged(start: str, rows: Sequence[Row]) -> set[Key]:
    """Write what is new among the rows and return the keys that were there."""
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        _copy("pg_temp.metering_staged", start, rows)
        cursor.execute(INSERT)
        return set(cursor.fetchall())


def _copy(table: str, start: str, rows: Iterable[Row | None]) -> None:
    """Write rows block by block: PostgreSQL takes one in while the next is made."""
    lines = (_line(start, row) for row in rows if row is not None)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
        while block := "".join(islice(lines, BLOCK)):
            copy.write(block)


def _leaf(year: int, month: int) -> str:
    return f"metering_event_{year:04}_{month:02}"


def _line(start: str, row: Row) -> str:
    """Write one line of COPY's text format; control characters were refused at the door."""
    text = f"{row.source}\t{row.event_id}\t{row.type}\t{row.subject}"
    data = row.text
    if "\\" in text or "\\" in data:
        text, data = text.replace("\\", "\\\\"), data.replace("\\", "\\\\")
    given = "t" if row.is_time_given else "f"
    return f"{start}{row.account_id}\t{text}\t{row.when}\t{given}\t{data}\t\\\\x{row.digest.hex()}\n"


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
