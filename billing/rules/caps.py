"""Maximums: what lies above them is taken off the latest lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from billing.rules.breadths import bound_of, breadth
from billing.rules.lines import Line, sum_open
from billing.rules.scopes import LineKind, named
from catalog.rules.agreed import Bound
from catalog.rules.terms import Terms
from monetization.values.money import EXACT


def caps(maximums: Iterable[Bound], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Make the negative lines that bring what is in scope down to its maximum."""
    everything, made = named(terms), list[Line]()
    for maximum in sorted(maximums, key=lambda each: breadth(each.scope, everything)):
        fitting = [line for line in lines if line.fits(maximum.scope)]
        when, currency = maximum.period, terms.currency
        over = EXACT.subtract(sum_open(fitting, when, currency), bound_of(maximum, terms))
        for line in reversed(fitting):
            taken = min(over, line.open_in(when, currency))
            if taken > 0:
                made.append(line.less(LineKind.CAP, taken, f"Cap on {line.name}"))
                line.lower_last(taken, when)
                over = EXACT.subtract(over, taken)
    return made
