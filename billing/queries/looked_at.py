"""The time that an impact looks at: the last whole calendar months, and what contracts had to pay in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from billing.queries.due import Due
from billing.queries.outlook import window_before
from billing.queries.purchases import purchase_days
from billing.rules.lifecycle import Kind
from catalog.models import Contract
from catalog.queries import Shelf, periods_of
from monetization.values.periods import Period, local_midnight, months_after


def window_of(first: date, months: int, zone: str) -> Period:
    """Give so many calendar months from a day on, in a zone."""
    return Period(local_midnight(first, zone), local_midnight(months_after(first, months), zone))


def first_day(at: datetime, months: int) -> date:
    """Give the first day of the last calendar months that are over."""
    return window_before(at, "UTC", months).starts_at.date()


def dues_in(contracts: Sequence[Contract], first: date, months: int, shelf: Shelf) -> list[Due]:
    """List the billing periods that end in a window and the purchases that fall into it, earlier ones first."""
    found = [due for contract in contracts for due in _of(contract, first, months, shelf)]
    return sorted(found, key=lambda due: due.place)


def _of(contract: Contract, first: date, months: int, shelf: Shelf) -> Iterator[Due]:
    window = window_of(first, months, contract.account.time_zone)
    end = window.ends_at or window.starts_at
    for period in periods_of(contract, end):
        if period.ends_at is not None and window.starts_at < period.ends_at <= end:
            yield Due(contract, period)
    for day in purchase_days(contract, end, shelf):
        if day.starts_at >= window.starts_at:
            yield Due(contract, day, Kind.COMMIT.value)
