"""Which months of events were dropped, and whether an instant lies in or near one."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime

from django.db import connection

from metering.rules.envelope import REPEAT_DAYS


def dropped_months() -> frozenset[date]:
    """List the first days of the months whose events were dropped."""
    with connection.cursor() as cursor:  # asked by every batch
        cursor.execute("SELECT month FROM metering_eventpartition WHERE status = 'DROPPED'")
        return frozenset(month for (month,) in cursor.fetchall())


def is_dropped(time: datetime, months: Collection[date]) -> bool:
    """Say whether an instant lies in one of these months."""
    return month_of(time) in months


def month_of(time: datetime) -> date:
    """Give the first day of an instant's UTC month, which is the name of its leaf."""
    return time.astimezone(UTC).date().replace(day=1)


def is_near(time: datetime, months: Collection[date]) -> bool:
    """Say whether a repeat of an event at this time may lie in one of these months."""
    return not months_within(time).isdisjoint(months)


def months_within(time: datetime) -> frozenset[date]:
    """Give the months in which a repeat of an event at this time is looked for."""
    return frozenset(map(month_of, _steps(time)))


def _steps(time: datetime) -> Iterable[datetime]:
    # No month is shorter than 28 days, so three instants 35 days apart can skip one: the time's neighbours are added.
    yield from (time - REPEAT_DAYS, time, time + REPEAT_DAYS)
    yield from (time - REPEAT_DAYS / 2, time + REPEAT_DAYS / 2)
