"""The leaves of the table of events: how large each is, sealed once its month is over, dropped in the end.

Whatever changes a leaf is a function of the database that belongs to the owner of the tables; the app may call it
and can do nothing else to them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.db import connection
from psycopg.errors import LockNotAvailable

from monetization.values.errors import Conflict

SIZES = """
SELECT p.month, pg_total_relation_size(c.oid), pg_indexes_size(c.oid), greatest(c.reltuples, 0)::bigint
FROM metering_eventpartition p
JOIN pg_class c ON c.relnamespace = 'public'::regnamespace
  AND c.relname = 'metering_event_' || to_char(p.month, 'YYYY_MM')
"""


def sizes() -> dict[date, tuple[int, int, int]]:
    """Map the months that are there to bytes in all, bytes of indexes, and the planner's guess at their events."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        return {month: (total, indexes, guess) for month, total, indexes, guess in cursor.fetchall()}


def seal(*, month: date, at: datetime, wait_ms: int) -> int | None:
    """Seal a month and count its events; None if it isn't open. Raises Conflict when writers keep it busy."""
    return _called("SELECT metering_seal_partition(%s, %s)", [month, at], wait_ms)


def keep_keys(*, month: date) -> int | None:
    """Write down the keys of a sealed month, as far as it is swept; None if it isn't sealed."""
    return _called("SELECT metering_keep_keys(%s)", [month], 0)


def drop(*, month: date, at: datetime, wait_ms: int) -> int | None:
    """Drop a sealed month whose keys are kept, and say how many events it had. Raises Conflict when it is busy."""
    return _called("SELECT metering_drop_partition(%s, %s)", [month, at], wait_ms)


def _called(sql: str, parameters: list[date | datetime], wait_ms: int) -> int | None:
    with _waiting(wait_ms), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found = cursor.fetchone()[0]
        return None if found is None else int(found)


@contextmanager
def _waiting(wait_ms: int) -> Iterator[None]:
    """Give up a lock that isn't free soon: whoever writes would wait behind us. Until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{wait_ms}ms"])
    try:
        yield
    except Exception as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise Conflict("The month is in use just now", fix="Try again in a minute") from error
        raise
