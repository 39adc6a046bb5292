"""What a recurring grant gives: an amount for each period, which serves until its end or some periods longer.

A stub of a period gives its share by days, rounded once. Days are local, the last one is served.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count

from catalog.rules.schedules import Item
from catalog.rules.spans import Span
from monetization.values.money import round_once
from monetization.values.periods import DAY, MONTHS, Cycle


@dataclass(frozen=True, slots=True)
class Recurring:
    """A grant of each period of a cycle, from ``first`` (None: its start) to ``last`` (None: open)."""

    cycle: Cycle
    amount: Decimal
    currency: str
    rollover_periods: int = 0
    first: date | None = None
    last: date | None = None


def granted(terms: Recurring, until: date) -> Iterator[Item]:
    """Yield what is granted up to a day, period by period; a share that rounds to nothing isn't granted."""
    cycle = terms.cycle
    for index in count():
        start, end = cycle.dates(index)
        first = max(start, cycle.start_date, terms.first or start)
        stop = min([end, *(day + DAY for day in (cycle.end_date, terms.last) if day is not None)])
        if start > until or (cycle.end_date is not None and start > cycle.end_date):
            return
        if first < stop and first <= until:
            share = Span(start, end, first, stop, MONTHS.get(cycle.cadence)).served
            amount = round_once(Fraction(terms.amount) * Fraction(*share), terms.currency)
            if amount:
                yield Item(amount, first, _last(terms, index))


def _last(terms: Recurring, index: int) -> date:
    """Give the last day of a grant: that of its period, or of a later one, but not after the contract."""
    last: date = terms.cycle.dates(index + terms.rollover_periods)[1] - DAY
    end = terms.cycle.end_date
    return last if end is None else min(last, end)
