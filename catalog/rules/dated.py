"""Discounts, minimums and maximums that stand for some days only, as a billing period sees them. Pure.

A bound that stands for a part of the period is weighed by its days and looks at what falls into them. Where one of the
same scope follows another without a gap they are one bound, of the amounts weighed by their days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from catalog.rules.agreed import Bound, Discount
from catalog.rules.spans import Days, Span
from monetization.values.money import EXACT, total_of
from monetization.values.periods import DAY, Period, days_between, local_midnight


@dataclass(frozen=True, slots=True)
class _Stood:
    """A bound and the days of the period on which it stands: ``[first, until)``."""

    bound: Bound
    first: date
    until: date


def discount_in(discount: Discount, days: Days, span: Span, extent: Period, zone: str) -> Discount | None:
    """Give a discount as it stands in a billing period, whose lines lie in ``extent``; None where it doesn't touch it.

    An amount is due by the days of the period on which it stands.
    """
    start = local_midnight(days.first, zone) if days.first else extent.starts_at
    end = local_midnight(days.last + DAY, zone) if days.last else extent.ends_at
    stands = extent.overlap(Period(start, end)) if end is None or start < end else None
    if stands is None or stands == extent:
        return discount if stands is not None else None
    inside = span.within(days.first, days.last)
    served = days_between(span.first, span.until)
    return replace(discount, period=stands, weight=(days_between(inside.first, inside.until) if inside else 0, served))


def bounds_in(bounds: Iterable[tuple[Bound, Days]], span: Span, zone: str) -> list[Bound]:
    """Give minimums, or maximums, as they stand in a billing period."""
    runs: list[list[_Stood]] = []
    for bound, days in bounds:
        inside = span.within(days.first, days.last)
        if inside is not None:
            runs.append([_Stood(bound, inside.first, inside.until)])
    return [_weighed(run, span, zone) for run in _following(runs)]


def windows(discounts: Iterable[Discount], bounds: Iterable[Bound]) -> tuple[Period, ...]:
    """List when those stand that don't stand always: a line's cost is kept apart at their ends."""
    periods = [*(each.period for each in discounts), *(each.period for each in bounds)]
    return tuple(dict.fromkeys(period for period in periods if period is not None))


def _following(runs: list[list[_Stood]]) -> list[list[_Stood]]:
    """Join each bound to one of the same scope that ends on the day before it."""
    found: list[list[_Stood]] = []
    for run in sorted(runs, key=lambda run: run[0].first):
        (new,) = run
        mine = (old for old in found if old[-1].until == new.first and _alike(old[-1].bound, new.bound))
        before = next(mine, None)
        if before is not None:
            before.append(new)
        else:
            found.append(run)
    return found


def _alike(one: Bound, other: Bound) -> bool:
    return (one.scope, one.rate, one.prorates) == (other.scope, other.rate, other.prorates)


def _weighed(run: Sequence[_Stood], span: Span, zone: str) -> Bound:
    first, until = run[0].first, run[-1].until
    whole = (first, until) == (span.first, span.until)
    if whole and len(run) == 1:
        return run[0].bound
    amount = total_of(EXACT.multiply(each.bound.amount, days_between(each.first, each.until)) for each in run)
    period = None if whole else Period(local_midnight(first, zone), local_midnight(until, zone))
    return replace(run[0].bound, amount=amount, weight=(1, days_between(span.first, span.until)), period=period)
