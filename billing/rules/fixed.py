"""Fixed discounts on the rounded lines: narrow scope first, then start, then key; never below zero."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.rules.breadths import breadth
from billing.rules.lines import Line
from billing.rules.scopes import LineKind, named
from catalog.rules.agreed import Discount
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, allocate, round_once, rounded_down


def fixed_discounts(discounts: Iterable[Discount], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Take fixed discounts off the rounded lines."""
    everything, found = named(terms), list[Line]()
    fixed = sorted(
        (each for each in discounts if each.amount),
        key=lambda each: (breadth(each.scope, everything), each.starts_on or date.min, each.key),
    )
    for discount in fixed:
        fitting = [line for line in lines if line.fits(discount.scope)]
        weights = [max(line.unowned(discount.period), Fraction(0)) for line in fitting]
        amount = min(
            _prorated(discount, fitting, terms.currency), rounded_down(sum(weights, Fraction(0)), terms.currency)
        )
        if amount <= 0:
            continue
        for line, taken in zip(fitting, allocate(amount, weights, terms.currency), strict=True):
            if taken:
                found.append(line.less(LineKind.DISCOUNT, taken, discount.name, discount=discount.key))
                line.lower_evenly(taken, discount.period)
                line.kept = EXACT.add(line.kept, taken) if discount.counts_for_minimum else line.kept
    return found


def _prorated(discount: Discount, fitting: Sequence[Line], currency: str) -> Decimal:
    """Weigh a fixed discount on recurring lines as they are weighed themselves."""
    share = Fraction(1) if discount.carries else Fraction(*discount.weight)
    if not discount.carries and fitting and all(line.kind is LineKind.RECURRING for line in fitting):
        by_fee: dict[str, Fraction] = {}
        for line in fitting:
            by_fee[line.charge] = by_fee.get(line.charge, Fraction(0)) + line.share
        share *= min(max(by_fee.values()), Fraction(1))
    amount = round_once(Fraction(discount.amount) * share, currency)
    return amount if discount.remaining is None else min(amount, round_once(discount.remaining, currency))
