"""Cost by day, and where a period is heading: the same rating, run to the end of each day.

A day's cost is what the period costs up to its end less what it cost up to its start, so days sum to the lines,
whatever tiers were passed on the way. Where a later day lowers what an earlier one cost, it is below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.rules.rating import rate
from catalog.rules.precedence import PriceTable
from catalog.rules.terms import Charge, Dims, Segment, Terms
from metering.rules.quantities import UsageRow
from monetization.values.money import EXACT, round_once, total_of
from monetization.values.periods import LocalDay, Period

HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
SETTLED = Fraction(24)  # hours; a run rate from less says nothing


BEFORE = -1  # the day of all that is earlier than the period


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a segment that lies in one day: `day` and `segment` are their numbers from 0."""

    day: int
    segment: int
    part: Segment


def pieces(terms: Terms, days: Sequence[LocalDay]) -> list[Piece]:
    """Cut the terms' segments at the days: what usage must be asked for, the time before the period first."""
    earlier = [Piece(BEFORE, number, part) for number, part in enumerate(terms.earlier, start=len(terms.segments))]
    return earlier + [
        Piece(day, number, replace(segment, period=inside))
        for number, segment in enumerate(terms.segments)
        for day, each in enumerate(days)
        if (inside := segment.period.overlap(each.period)) is not None
    ]


def by_day(terms: Terms, cut: Sequence[Piece], usage: Iterable[UsageRow], days: int) -> list[Decimal]:
    """Give the net cost of each day; `segment` of a usage row is the number of its piece."""
    rows = [(cut[row.segment].day, replace(row, segment=cut[row.segment].segment)) for row in usage]
    used = _only_used(terms, [row for _, row in rows])
    upto = [_net(used, [row for at, row in rows if at <= day]) for day in range(days)]
    return [EXACT.subtract(now, before) for before, now in zip([Decimal(0), *upto], upto, strict=False)]


def expected(net: Decimal, period: Period, at: datetime, currency: str) -> Decimal | None:
    """Give the run rate: so far ÷ full hours passed × hours of the period, rounded once.

    None before the first day has passed; after the end it is what was used.
    """
    passed, whole = hours_passed(period, at), hours_of(period)
    if whole is None or passed < min(SETTLED, whole):
        return None
    return round_once(Fraction(net) / passed * whole, currency)


def hours_passed(period: Period, at: datetime) -> Fraction:
    """Count the full hours of a period that have passed; after its end all of it."""
    passed = Fraction((at - period.starts_at) // HOUR)
    whole = hours_of(period)
    return passed if whole is None else min(passed, whole)


def hours_of(period: Period) -> Fraction | None:
    """Give the length of a period in hours; None if it is open."""
    if period.ends_at is None:
        return None
    return Fraction((period.ends_at - period.starts_at) // MICROSECOND, HOUR // MICROSECOND)


def _net(terms: Terms, usage: Sequence[UsageRow]) -> Decimal:
    return total_of(line.amount for line in rate(terms, usage).lines)


def _only_used(terms: Terms, rows: Sequence[UsageRow]) -> Terms:
    """Leave out price rows to which this usage never falls: rating by day prepares the table once a day."""
    used = {match for segment in terms.segments for charge in segment.charges for match in _matches(charge, rows)}
    segments = (
        replace(segment, charges=tuple(_reduced(charge, used) for charge in segment.charges))
        for segment in terms.segments
    )
    return replace(terms, segments=tuple(segments))


def _matches(charge: Charge, rows: Sequence[UsageRow]) -> set[Dims]:
    table = PriceTable(charge.prices, charge.metric.order)
    found = (table.choose(dims) for dims in {row.dims for row in rows})
    return {tuple(sorted(price.match)) for price in found if price is not None}


def _reduced(charge: Charge, used: set[Dims]) -> Charge:
    if charge.flat_at_zero:
        return charge
    return replace(charge, prices=tuple(price for price in charge.prices if tuple(sorted(price.match)) in used))
