"""What stands on the whole of an invoice: fixed discounts, minimums, caps. Each adds lines and says what it lowers.

Fixed discounts: narrow scope first, then start, then key; by largest remainder, never below zero. Minimums: narrow
before wide, counting narrower true-ups; split over the tax categories in scope. Caps: before drawdown, the latest line
first, within a line units that no commit prices first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from billing.rules.costs import Piece
from billing.rules.instruments import width
from billing.rules.lines import Line, LineKind, sum_open
from catalog.rules.agreed import Bound, Discount
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, allocate, round_once
from monetization.values.periods import Period

ZERO = Decimal(0)
MOMENT = timedelta(microseconds=1)


class Named(NamedTuple):
    """What is printed of the charge that a bound is for."""

    key: str
    product: str
    name: str
    tax_category: str
    tags: frozenset[str]


def fixed_discounts(discounts: Iterable[Discount], lines: Sequence[Line], currency: str) -> list[Line]:
    """Take fixed discounts off the rounded lines."""
    found: list[Line] = []
    fixed = sorted((each for each in discounts if each.amount), key=_narrow_first)
    for discount in fixed:
        fitting = [line for line in lines if line.open > 0 and line.fits(discount.scope)]
        amount = min(round_once(discount.amount, currency), sum_open(fitting))
        if not amount:
            continue
        for line, taken in zip(fitting, allocate(amount, [line.open for line in fitting], currency), strict=True):
            if taken:
                found.append(line.less(LineKind.DISCOUNT, taken, discount.name))
                line.kept = EXACT.add(line.kept, taken) if discount.counts_for_minimum else line.kept
    return found


def true_ups(minimums: Iterable[Bound], lines: list[Line], terms: Terms) -> list[Line]:
    """Make the lines that bring what is in scope up to its minimum."""
    made: list[Line] = []
    for minimum in sorted(minimums, key=lambda each: width(each.scope)):
        known = [*lines, *made]
        fitting = [line for line in known if line.fits(minimum.scope) or _inner(line, minimum)]
        spend = EXACT.add(sum_open(fitting), sum((line.kept for line in fitting), ZERO))
        lack = EXACT.subtract(_bound(minimum, terms), spend)
        if lack > 0:
            made += _split(lack, minimum, fitting, terms)
    return made


def caps(maximums: Iterable[Bound], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Make the negative lines that bring what is in scope down to its maximum."""
    made: list[Line] = []
    for maximum in sorted(maximums, key=lambda each: width(each.scope)):
        fitting = [line for line in lines if line.fits(maximum.scope) or _inner(line, maximum)]
        over = EXACT.subtract(sum_open(fitting), _bound(maximum, terms))
        for line in reversed(fitting):
            taken = min(over, line.open)
            if taken > 0:
                made.append(line.less(LineKind.CAP, taken, f"Cap on {line.name}"))
                over = EXACT.subtract(over, taken)
    return made


def _bound(bound: Bound, terms: Terms) -> Decimal:
    share = Fraction(*terms.served) if bound.prorates else Fraction(1)
    return round_once(Fraction(bound.amount) * Fraction(bound.rate) * share, terms.currency)


def _inner(line: Line, bound: Bound) -> bool:
    """Say whether a true-up of a narrower scope counts here: one of a charge does, for all that cover the charge."""
    return line.kind is LineKind.TRUE_UP and bound.scope.is_all


def _split(lack: Decimal, minimum: Bound, fitting: Sequence[Line], terms: Terms) -> list[Line]:
    """Split a true-up over the tax categories of the lines in scope."""
    sums: dict[str, Decimal] = {}
    for line in fitting:
        sums[line.tax_category] = EXACT.add(sums.get(line.tax_category, ZERO), max(line.open, ZERO))
    charge = _only(minimum, terms)
    if not any(sums.values()):
        sums = dict.fromkeys([*sums][:1] or [charge.tax_category if charge else "S"], Decimal(1))
    parts = allocate(lack, list(sums.values()), terms.currency)
    return [_true_up(category, part, minimum, terms) for category, part in zip(sums, parts, strict=True) if part]


def _true_up(category: str, amount: Decimal, minimum: Bound, terms: Terms) -> Line:
    only = _only(minimum, terms)
    line = true_up(category, amount, f"Minimum of {only.name}" if only else "Minimum", terms)
    if only is not None:
        line.charge, line.product, line.tags = only.key, only.product, only.tags
    elif len(minimum.scope.products) == 1:
        line.product = next(iter(minimum.scope.products))
    return line


def true_up(category: str, amount: Decimal, name: str, terms: Terms, *, charge: str = "", instrument: str = "") -> Line:
    """Make a true-up line; instruments look at it at the period's last instant."""
    end = terms.period.ends_at or terms.period.starts_at + MOMENT
    last = Piece(Period(end - MOMENT, end), Fraction(amount))
    return Line(
        LineKind.TRUE_UP, charge, "", name, category, terms.period, amount, Fraction(amount), Fraction(amount),
        pieces=(last,), instrument=instrument,
    )  # fmt: skip


def _only(bound: Bound, terms: Terms) -> Named | None:
    """Find the one charge or fee that a bound is for."""
    if len(bound.scope.charges) != 1:
        return None
    key = next(iter(bound.scope.charges))
    charges = (
        Named(charge.slot, charge.product, charge.name, charge.tax_category, charge.tags)
        for segment in terms.segments
        for charge in segment.charges
    )
    fees = (Named(fee.key, fee.product, fee.name, fee.tax_category, fee.tags) for fee in terms.fees)
    return next((each for each in chain(charges, fees) if each.key == key), None)


def _narrow_first(discount: Discount) -> tuple[int, date, str]:
    return width(discount.scope), discount.starts_on or date.min, discount.key
