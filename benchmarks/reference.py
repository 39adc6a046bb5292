"""R: how fast PostgreSQL takes the very same rows by COPY, to measure everything else against.

The table is like one month of the events, with the same unique key and an index by customer and time; batches of
1,000, one transaction each, one process, text and digests written beforehand. R moves with the machine and with what
else runs on it, so it is measured again before each round of whatever is compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connections

from benchmarks.events import Sent, parts, rows

BATCH = 1_000
TABLE = """
DROP TABLE IF EXISTS bench_r;
CREATE TABLE bench_r (LIKE metering_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
CREATE UNIQUE INDEX ON bench_r (environment_id, source, event_id);
CREATE INDEX ON bench_r (account_id, "time");
"""
COPY = (
    "COPY bench_r (environment_id, account_id, source, event_id, type, subject, time, is_time_given, received_at,"
    " data, digest) FROM STDIN"
)


def empty() -> None:
    """Start with an empty table."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(TABLE)


def prepared(events: Sequence[Sent]) -> list[bytes]:
    """Write the batches beforehand."""
    return [rows(part, datetime.now(UTC)) for part in parts(events, BATCH)]


def copied(batches: Sequence[bytes]) -> None:
    """Write the batches, one transaction each."""
    with connections["owner"].cursor() as cursor:
        for batch in batches:
            with cursor.copy(COPY) as copy:
                copy.write(batch)
