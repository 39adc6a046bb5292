"""A billing period by local dates: the full one, what of it is served, and which share of it a span of days is.

Pure, and the same for contracts and quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import count

from catalog.rules.agreed import Timing
from monetization.values.periods import DAY, MONTHS, Cadence, Cycle, Period, days_between, local_midnight

STUBS = "first_and_last"  # both stubs prorate, unless another setting is agreed
DAY_COUNT = "actual"


@dataclass(frozen=True, slots=True)
class Span:
    """A full period ``[starts, ends)`` of local dates, and what of it is served; ``months`` long, or None."""

    starts: date
    ends: date
    first: date
    until: date
    months: int | None = None

    def share(self, start: date, end: date, stubs: str = STUBS, day_count: str = DAY_COUNT) -> tuple[int, int]:
        """Give the share of the full period that days [start, end) inside the served ones are.

        A stub that doesn't prorate counts as whole: the days that it lacks are added to what lies at its edge.
        """
        first = self.first if stubs in ("first", "first_and_last") else self.starts
        until = self.until if stubs in ("last", "first_and_last") else self.ends
        start, end = (first if start == self.first else start), (until if end == self.until else end)
        if day_count == "30" and self.months is not None:
            full = 30 * self.months
            return self._of(end, full) - self._of(start, full), full
        return days_between(start, end), days_between(self.starts, self.ends)

    def _of(self, day: date, full: int) -> int:
        return full if day == self.ends else min(days_of_30(self.starts, day), full)

    @property
    def served(self) -> tuple[int, int]:
        """The share of the full period that is served."""
        return self.share(self.first, self.until)

    def within(self, first: date | None, last: date | None) -> Span | None:
        """Keep the served days from one day to another, which is the last; None where none is left."""
        start, until = max(self.first, first or self.first), min(self.until, last + DAY if last else self.until)
        return replace(self, first=start, until=until) if start < until else None

    def period(self, zone: str) -> Period:
        """Give the served days as instants."""
        return Period(local_midnight(self.first, zone), local_midnight(self.until, zone))

    def full(self, zone: str) -> Period:
        """Give the full period as instants."""
        return Period(local_midnight(self.starts, zone), local_midnight(self.ends, zone))


def days_of_30(start: date, end: date) -> int:
    """Count days as if every month had 30 (30/360): the 31st is the 30th."""
    months = 12 * (end.year - start.year) + end.month - start.month
    return 30 * months + min(end.day, 30) - min(start.day, 30)


def cycle_spans(cycle: Cycle) -> Iterator[Span]:
    """Yield the periods of a cycle, in order; without end where the cycle has none."""
    for index in count():
        start, end = cycle.dates(index)
        first = cycle.first_of(index)
        if cycle.end_date is not None and first > cycle.end_date:
            return
        until = end if cycle.end_date is None else min(end, cycle.end_date + DAY)
        if first < until:
            yield Span(start, end, first, until, MONTHS.get(cycle.cadence))


def span_from(cycle: Cycle, first: date) -> Span:
    """Find the period whose first served day is this one."""
    return next(span for span in cycle_spans(cycle) if span.first >= first)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a part of a contract, the last one included; None: as the contract's."""

    first: date | None = None
    last: date | None = None


def edges_of(days: Days) -> list[date]:
    """List the days on which something begins to stand, or stands no more."""
    return [*([days.first] if days.first else []), *([days.last + DAY] if days.last else [])]


def billed_with(cycle: Cycle, cadence: Cadence | None, timing: Timing, bill: Span, days: Days = Days()) -> list[Span]:
    """List the periods of a charge's own cadence that are billed with a billing period, as far as it stands."""
    if cadence is None or cadence is cycle.cadence:
        stands = bill.within(days.first, days.last)
        return [stands] if stands is not None else []
    found = []
    for whole in cycle_spans(in_cadence(cycle, cadence)):
        if whole.first >= bill.until:
            break
        span = whole.within(days.first, days.last)
        if span is None:
            continue
        day = span.first if timing is Timing.ADVANCE else span.until - DAY
        if bill.first <= day < bill.until:
            found.append(span)
    return found


def in_cadence(cycle: Cycle, cadence: Cadence) -> Cycle:
    """Give a cycle of another cadence, anchored alike."""
    return replace(cycle, cadence=cadence)
