"""Where raw events live: a table in monthly partitions, written by COPY into a staging table and one INSERT.

This is all that touches raw events; another store would offer the same functions. It lies below the queries,
because usage with a cut inside an hour, drill-down and evidence are questions that read events.

Relied on: leaves are unique on (environment, source, id) and no longer than a month, so `ON CONFLICT DO NOTHING`
refuses a repeat inside a month, whoever writes at the same moment, and the probe of ±35 days finds it in the
months beside.

Writers insert in the order of the key, so that two with the same events wait for each other one way round only.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from metering.rules.envelope import REPEAT_DAYS, Kept

Key = tuple[str, str]  # source, id
exact = msgspec.json.Decoder(float_hook=Decimal)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
WINDOW = f"{REPEAT_DAYS.days} days"
WRITERS = 0x6D74_7772  # advisory lock: writers hold it shared, the sweep waits for them

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS metering_staged (
  account_id bigint, source text, event_id text, type text, subject text, "time" timestamptz,
  is_time_given boolean, data jsonb, digest bytea
) ON COMMIT DELETE ROWS;
DELETE FROM pg_temp.metering_staged;
"""
COPY = "COPY pg_temp.metering_staged FROM STDIN"
INSERT = """
INSERT INTO metering_event (environment_id, received_at, account_id, source, event_id, type, subject,
                            "time", is_time_given, data, digest)
SELECT %(environment)s, %(at)s, s.*
FROM pg_temp.metering_staged s
LEFT JOIN LATERAL (
  SELECT true AS found FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = s.source AND e.event_id = s.event_id
    AND e.revision = 0 AND e."time" BETWEEN s."time" - %(days)s::interval AND s."time" + %(days)s::interval
  LIMIT 1
) known ON true
WHERE known.found IS NULL
ORDER BY s.source, s.event_id
ON CONFLICT DO NOTHING
RETURNING source, event_id
"""
KEPT = """
SELECT k.source, k.event_id, e.digest, e."time", e.is_time_given
FROM unnest(%(sources)s::text[], %(ids)s::text[], %(times)s::timestamptz[]) k(source, event_id, "time")
JOIN LATERAL (
  SELECT * FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = k.source AND e.event_id = k.event_id
    AND e.revision = 0 AND e."time" BETWEEN k."time" - %(days)s::interval AND k."time" + %(days)s::interval
  ORDER BY e.seq LIMIT 1
) e ON true
"""
COUNTED = "NOT EXISTS (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq)"
COUNTED_AT = (
    "e.received_at <= %(as_of)s AND NOT EXISTS (SELECT 1 FROM metering_eventremoval r"
    " WHERE r.event_seq = e.seq AND r.removed_at <= %(as_of)s)"
)
COLUMNS = (
    "e.seq, e.environment_id, e.account_id, e.source, e.event_id, e.type, e.subject, e.time, e.is_time_given,"
    " e.received_at, e.data::text, e.digest, e.revision"
)


@dataclass(frozen=True, slots=True)
class Row:
    """An event to be written; `text` is its canonical data."""

    account_id: int
    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    is_time_given: bool
    text: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it stands in the table, numbers exact."""

    seq: int
    environment_id: int
    account_id: int
    source: str
    event_id: str
    type: str
    subject: str
    time: datetime
    is_time_given: bool
    received_at: datetime
    data: Mapping[str, Any]
    digest: bytes
    revision: int


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
    """Write events whose keys are not there yet and return the keys written. Keys in `rows` must be unique."""
    if not rows:
        return set()
    make_months(row.time.date().replace(day=1) for row in rows)
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
        with cursor.copy(COPY) as copy:
            copy.write("\n".join(map(_line, rows)))
        cursor.execute(INSERT, {"environment": environment_id, "at": at, "days": WINDOW})
        return set(cursor.fetchall())


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
    }
    with connection.cursor() as cursor:
        cursor.execute(KEPT, parameters)
        return {
            (source, event_id): Kept(bytes(digest), time, given)
            for source, event_id, digest, time, given in cursor.fetchall()
        }


def find(where: str, parameters: Mapping[str, Any], tail: str = "") -> list[Stored]:
    """Read the events (alias `e`) for which a condition holds, removed ones too."""
    return list(stream(where, parameters, tail))


def stream(where: str, parameters: Mapping[str, Any], tail: str = "") -> Iterator[Stored]:
    """Like `find`, one by one."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM metering_event e WHERE {where} {tail}", parameters)
        for row in cursor:
            yield _stored(*row)


def of_accounts(
    *, account_ids: Collection[int], types: Collection[str], spans: Sequence[tuple[datetime, datetime]]
) -> Iterator[Stored]:
    """Stream the events of some types that count, inside any of the half-open spans of time."""
    if not (account_ids and types and spans):
        return iter(())
    inside = " OR ".join(f"(e.time >= %(from_{n})s AND e.time < %(to_{n})s)" for n in range(len(spans)))
    parameters: dict[str, Any] = {"accounts": list(account_ids), "types": list(types)}
    for n, (start, end) in enumerate(spans):
        parameters |= {f"from_{n}": start, f"to_{n}": end}
    where = f"e.account_id = ANY(%(accounts)s) AND e.type = ANY(%(types)s) AND ({inside}) AND {COUNTED}"
    return stream(where, parameters)


def _stored(*columns: Any) -> Stored:
    known = dict(zip(Stored.__slots__, columns, strict=True))
    return Stored(**known | {"data": exact.decode(known["data"]), "digest": bytes(known["digest"])})


def _line(row: Row) -> str:
    """Write one line of COPY's text format; control characters were refused at the door."""
    text = "\t".join((row.source, row.event_id, row.type, row.subject)).replace("\\", "\\\\")
    data = row.text.replace("\\", "\\\\")
    given = "t" if row.is_time_given else "f"
    return f"{row.account_id}\t{text}\t{row.time.isoformat()}\t{given}\t{data}\t\\\\x{row.digest.hex()}"


# -- corrections

PUT = """
INSERT INTO metering_event (environment_id, received_at, account_id, source, event_id, type, subject,
                            "time", is_time_given, data, digest, revision)
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
    columns: dict[str, Any] = {name: [getattr(row, name) for row, _ in rows] for name in Row.__slots__}
    columns |= {"revision": [revision for _, revision in rows], "environment": environment_id, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(PUT, columns)
        return {(source, event_id): seq for source, event_id, seq in cursor.fetchall()}


# -- backfills


def alone() -> int:
    """Let no writer in until this transaction ends, having waited for those of this moment; give the last `seq`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS])
        cursor.execute("SELECT last_value FROM metering_event_seq")
        return int(cursor.fetchone()[0])
