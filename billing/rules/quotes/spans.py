"""A billing period of a quote: its full days, those served, and which share of it a span of days is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from monetization.values.periods import Period, days_between, local_midnight


@dataclass(frozen=True, slots=True)
class Span:
    """A full period ``[starts, ends)`` of local dates, and what of it is served; ``months`` long, or None."""

    starts: date
    ends: date
    first: date
    until: date
    months: int | None = None

    def share(self, start: date, end: date, stubs: str, day_count: str) -> tuple[int, int]:
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
