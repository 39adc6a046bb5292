"""Time: half-open periods of UTC instants, cut at local midnights of an account's zone.

A period boundary is a local date; it becomes an instant at the first moment of that date in the
zone, also where midnight doesn't exist (clocks go forward at 00:00), happens twice, or the whole
day is left out (Apia, 30 December 2011). Every billing period is computed from the original anchor,
never from the period before it, so the 31st becomes the last day of a short month and returns.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import count
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monetization.values.errors import Invalid

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """``[starts_at, ends_at)`` in UTC; ``ends_at`` None is open. An empty period is allowed, a
    reversed one not.
    """

    starts_at: datetime
    ends_at: datetime | None

    def __post_init__(self) -> None:
        for name, instant in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
            if instant is not None and instant.tzinfo is None:
                raise Invalid(
                    "A period needs instants with a time zone",
                    field=name,
                    fix="Give an instant in UTC",
                )
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise Invalid("A period can't end before it starts", field="ends_at", fix="Swap the two")

    def __contains__(self, at: datetime) -> bool:
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    @property
    def is_empty(self) -> bool:
        """Whether no instant lies in it."""
        return self.starts_at == self.ends_at

    def overlap(self, other: Period) -> Period | None:
        """Give the stretch that both share; None where they only touch or miss."""
        starts_at = max(self.starts_at, other.starts_at)
        ends = [end for end in (self.ends_at, other.ends_at) if end is not None]
        ends_at = min(ends, default=None)
        return Period(starts_at, ends_at) if ends_at is None or starts_at < ends_at else None

    def cut(self, instants: Iterator[datetime] | list[datetime]) -> list[Period]:
        """Cut at the instants that lie inside; pieces tile the period in rising order."""
        inside = sorted({at for at in instants if at in self and at != self.starts_at})
        edges: list[datetime | None] = [*inside, self.ends_at]
        return [Period(start, end) for start, end in zip([self.starts_at, *inside], edges, strict=True)]


class Cadence(StrEnum):
    """How long a billing period is."""

    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUAL = "ANNUAL"
    DAYS = "DAYS"


DAYS_OF_MONTH = frozenset(str(day) for day in range(1, 32))
MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.ANNUAL: 12}
CONTRACT_DAY, FIRST = "contract_day", "first"


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Look up an IANA zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid(f"“{name}” is not a time zone", field="zone", fix="Use an IANA name: Europe/Berlin") from error


@lru_cache(maxsize=65536)
def local_midnight(day: date, zone: str) -> datetime:
    """Give the first instant of a local date in UTC; of a date that the zone left out, that of the
    next one.
    """
    # Where midnight is skipped, the offset from before the change leads to the change itself: no zone
    # has ever skipped from before midnight to after it.
    return datetime.combine(day, time(), zone_of(zone)).astimezone(UTC)


def local_date(at: datetime, zone: str) -> date:
    """Give the calendar day of an instant in a zone."""
    return at.astimezone(zone_of(zone)).date()


def days_between(start: date, end: date) -> int:
    """Count days from one date to another (exclusive)."""
    return (end - start).days


def days_in(period: Period, zone: str) -> int:
    """Count the calendar days of the zone on which the period starts up to the one on which it ends
    (exclusive).
    """
    if period.ends_at is None:
        raise Invalid("An open period has no number of days", field="ends_at", fix="Give its end")
    return days_between(local_date(period.starts_at, zone), local_date(period.ends_at, zone))


class LocalDay(NamedTuple):
    """A date of a zone, as far as it lies in a period."""

    date: date
    period: Period


def days_of(period: Period, zone: str) -> list[LocalDay]:
    """List the local days that a closed period touches, the first and last perhaps cut; days left out are missing."""
    if period.ends_at is None:
        raise Invalid("Days need a period with an end", field="period", fix="Give its end")
    found, day = [], local_date(period.starts_at, zone)
    while local_midnight(day, zone) < period.ends_at:
        inside = Period(local_midnight(day, zone), local_midnight(day + DAY, zone)).overlap(period)
        if inside is not None and not inside.is_empty:
            found.append(LocalDay(day, inside))
        day += DAY
    return found


def service_period(start: date, end: date | None, zone: str) -> Period:
    """Give a term's instants: its first day counts in full, its last is still served."""
    if end is not None and end < start:
        raise Invalid("The last day lies before the first", field="end_date", fix=f"Choose {start} or later")
    return Period(local_midnight(start, zone), local_midnight(end + DAY, zone) if end else None)


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a contract's time is cut into billing periods.

    ``anchor``: ``contract_day`` | ``first`` (of calendar months, quarters, years) |
    ``"1"``…``"31"``. With the last two the first period may be a stub from ``start_date`` to the
    first anchored day on or after it. ``end_date`` is the last day served; the last period may be a
    stub. ``days`` only with cadence DAYS, which is always anchored at the start. ``trial_until``: the days before it
    are period 0, a trial of its own; what comes after is cut as if the contract began there.
    """

    start_date: date
    zone: str
    cadence: Cadence = Cadence.MONTHLY
    anchor: str = CONTRACT_DAY
    end_date: date | None = None
    days: int = 0
    trial_until: date | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "cadence", Cadence(self.cadence))
        if (self.cadence is Cadence.DAYS) != (self.days > 0) or self.days < 0:
            raise Invalid("A cadence of days needs their number", field="days", fix="Give a number above zero")
        if self.anchor not in (CONTRACT_DAY, FIRST) and self._day is None:
            raise Invalid(
                f"“{self.anchor}” is not an anchor",
                field="anchor",
                fix="contract_day, first or 1 to 31",
            )
        if self.cadence is Cadence.DAYS and self.anchor != CONTRACT_DAY:
            raise Invalid(
                "A cadence of days starts with the contract",
                field="anchor",
                fix="Choose contract_day",
            )
        service_period(self.start_date, self.end_date, self.zone)
        if self.trial_until is not None and self.trial_until <= self.start_date:
            fix = f"Choose a day after {self.start_date}"
            raise Invalid("A trial ends after it starts", field="trial_until", fix=fix)

    def dates(self, index: int) -> tuple[date, date]:
        """Give the full span of period ``index`` (0 = the one of the start date), before clipping
        to the contract.
        """
        if self.trial_until is not None:
            if index == 0:
                return self.start_date, self.trial_until
            index -= 1
        first = 0 if self._edge(0) <= self.paid_from else -1
        return self._edge(first + index), self._edge(first + index + 1)

    def period(self, index: int) -> Period | None:
        """Give period ``index``, clipped to the contract; None after its end."""
        first, end, last = self.first_of(index), self.dates(index)[1], self.end_date
        if last is not None and first > last:
            return None
        until = end if last is None else min(end, last + DAY)
        return Period(local_midnight(first, self.zone), local_midnight(until, self.zone))

    @property
    def paid_from(self) -> date:
        """The first day that isn't a trial."""
        return self.trial_until or self.start_date

    def is_trial(self, index: int) -> bool:
        """Say whether period ``index`` is the trial."""
        return index == 0 and self.trial_until is not None

    def first_of(self, index: int) -> date:
        """Give the first day that period ``index`` serves."""
        return max(self.dates(index)[0], self.start_date if self.is_trial(index) else self.paid_from)

    def is_stub(self, index: int) -> bool:
        """Say whether the contract serves only a part of the period's calendar span."""
        start, end = self.dates(index)
        return start < self.first_of(index) or (self.end_date is not None and end > self.end_date + DAY)

    def periods(self) -> Iterator[Period]:
        """Yield the periods in order, for ever if the contract is open; days that the zone left out
        are skipped.
        """
        for index in count():
            period = self.period(index)
            if period is None:
                return
            if not period.is_empty:
                yield period

    def containing(self, at: datetime) -> tuple[int, Period] | None:
        """Find the period of an instant and its index; None outside the contract."""
        index = max(self._guess(local_date(at, self.zone)), 0)
        for near in range(max(index - 2, 0), index + 3):
            period = self.period(near)
            if period is not None and at in period:
                return near, period
        return None

    @property
    def _day(self) -> int | None:
        return int(self.anchor) if self.anchor in DAYS_OF_MONTH else None

    @property
    def _anchor(self) -> tuple[date, int]:
        """The month that edge 0 lies in, and the day of month that every edge aims at."""
        start = self.paid_from
        if self.anchor == CONTRACT_DAY:
            return start, start.day
        if self.anchor == FIRST:
            step = MONTHS[self.cadence]
            return start.replace(month=(start.month - 1) // step * step + 1, day=1), 1
        day = self._day or 1
        later = _clamped(start.year, start.month, day) < start
        return (_clamped(*_month_after(start, 1), day), day) if later else (_clamped(start.year, start.month, day), day)

    def _edge(self, number: int) -> date:
        if self.cadence is Cadence.DAYS:
            return self.paid_from + number * self.days * DAY
        base, day = self._anchor
        return _clamped(*_month_after(base, number * MONTHS[self.cadence]), day)

    def _guess(self, day: date) -> int:
        start, trial = self.paid_from, int(self.trial_until is not None)
        if self.cadence is Cadence.DAYS:
            return (day - start).days // self.days + trial
        months = (day.year - start.year) * 12 + day.month - start.month
        return months // MONTHS[self.cadence] + trial


def months_after(day: date, months: int) -> date:
    """Give the same day so many months later; the last of a month that has no such day."""
    return _clamped(*_month_after(day, months), day.day)


def _month_after(day: date, months: int) -> tuple[int, int]:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return year, month + 1


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))
