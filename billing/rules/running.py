"""Balances of an account as its periods are rated one after the other, before anything of it is written down.

They start from what the books say when the first of these periods begins. A period finds what those that start before
it left, as drafts do; what rolls over into a balance is what is left of the one that it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from monetization.values.money import finite

NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Rolls:
    """Where a balance comes from: the key of the earlier one, and the most that rolls over."""

    source: str
    most: Decimal


@dataclass(slots=True)
class Running:
    """``opening`` of each balance by key; ``rolls``: those that come from another one."""

    opening: Mapping[str, Decimal]
    rolls: Mapping[str, Rolls] = field(default_factory=dict)
    used: dict[str, list[tuple[datetime, Fraction]]] = field(default_factory=dict)
    lost: dict[str, Fraction] = field(default_factory=dict)

    def again(self) -> Running:
        """Start once more from the same."""
        return Running(self.opening, self.rolls)

    def found_by(self, starts_at: datetime) -> dict[str, Decimal]:
        """Give what a period that starts at an instant finds of each balance."""
        return {key: self._found(key, starts_at) for key in self.opening}

    def note(self, starts_at: datetime, balances: Sequence[Balance]) -> None:
        """Write down what a period made of balances."""
        for each in balances:
            key = each.instrument.id
            whole = each.drawn + each.expired + each.rolled
            self.used.setdefault(key, []).append((starts_at, whole))
            self.lost[key] = self.lost.get(key, NOTHING) + each.drawn + each.expired

    def _found(self, key: str, starts_at: datetime) -> Decimal:
        taken = sum((used for at, used in self.used.get(key, ()) if at < starts_at), NOTHING)
        left = self._start(key) - taken
        exact = finite(left)
        return exact if exact is not None else Decimal(int(left * 10**18)).scaleb(-18)

    def _start(self, key: str) -> Fraction:
        rolls = self.rolls.get(key)
        if rolls is None or rolls.source not in self.lost:
            return Fraction(self.opening[key])
        left = Fraction(self.opening[rolls.source]) - self.lost[rolls.source]
        return min(max(left, NOTHING), Fraction(rolls.most))
