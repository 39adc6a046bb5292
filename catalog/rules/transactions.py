"""Prices of single events: percent and fixed fee, a free zone before them, a clamp on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from catalog.rules.charges import NOTHING, Part
from catalog.rules.terms import PerTransaction
from monetization.values.money import EXACT

Parts = tuple[Part, ...]
ZERO = Decimal(0)


CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, order=True)
class Transaction:
    """A single event that a price looks at; they are priced in this order."""

    at: datetime
    source: str
    id: str
    amount: Decimal


def charged_events(rule: PerTransaction, zone: FreeZone, events: Sequence[Transaction]) -> Parts:
    """Price events in order; ``zone`` remembers what was free so far."""
    quantity, fees, amount = NOTHING, 0, NOTHING
    for event in events:
        charged = zone.charged(event.amount)
        if charged is None:
            continue
        quantity += charged
        fees += 1
        amount += _clamped(rule, charged * Fraction(rule.percent) / 100 + Fraction(rule.fixed_fee))
    if not fees:
        return ()
    flat = EXACT.multiply(rule.fixed_fee, Decimal(fees))
    return (Part(0, ZERO, None, quantity, EXACT.multiply(rule.percent, CENT), flat, amount),)


def _clamped(rule: PerTransaction, amount: Fraction) -> Fraction:
    low = max(amount, Fraction(rule.minimum_fee)) if rule.minimum_fee is not None else amount
    return min(low, Fraction(rule.maximum_fee)) if rule.maximum_fee is not None else low


class FreeZone:
    """The events that cost nothing: the zone ends at whichever allowance is used first, and stays ended."""

    def __init__(self, rule: PerTransaction) -> None:
        self._rule = rule
        self._count, self._sum = 0, NOTHING
        self._ended = rule.free_events is None and rule.free_amount is None

    def charged(self, amount: Decimal) -> Fraction | None:
        """Give what of the next event's amount is charged; None for a free one."""
        if self._ended:
            return Fraction(amount)
        if self._rule.free_events is not None and self._count >= self._rule.free_events:
            self._ended = True
            return Fraction(amount)
        self._count += 1
        left = None if self._rule.free_amount is None else Fraction(self._rule.free_amount) - self._sum
        self._sum += Fraction(amount)
        if left is not None and amount > left:
            self._ended = True
            return Fraction(amount) - left
        return None
