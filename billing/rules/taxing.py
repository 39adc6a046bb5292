"""Tax of a bill: each category's lines together, once for each of its rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.lines import Line
from monetization.values.money import EXACT, round_once

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax of one category and rate, on the sum of its lines, rounded once."""

    category: str
    percent: Decimal
    base: Decimal
    amount: Decimal


def taxes_of(lines: Sequence[Line], rates: Mapping[str, Sequence[Decimal]], currency: str) -> list[Tax]:
    """Tax each category's lines together, once for each of its rates."""
    bases: dict[str, Decimal] = {}
    for line in lines:
        if line.amount >= 0 or line.lowers_tax:
            bases[line.tax_category] = EXACT.add(bases.get(line.tax_category, ZERO), line.amount)
    return [
        Tax(category, percent, base, round_once(Fraction(base) * Fraction(percent) / 100, currency))
        for category, base in sorted(bases.items())
        for percent in rates.get(category, ())
    ]
