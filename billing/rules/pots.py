"""What was paid for a prepaid commit, moved out of deferred revenue as it is drawn or lost.

Drawn × cost basis, telescoped: after each draw what was moved in all is invoiced × used ÷ amount, rounded once. So the
parts sum to what was invoiced, whatever was drawn in which order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monetization.values.money import EXACT, round_once


@dataclass(slots=True)
class Pot:
    """A commit as an invoice finds it: ``left`` of its ``amount``, of which ``losing`` expires with the invoice."""

    amount: Decimal
    invoiced: Decimal
    left: Decimal
    losing: Decimal
    currency: str

    def draw(self, amount: Decimal) -> Decimal:
        """Take an amount out; give the part of it that was paid for."""
        before = self._moved
        self.left = EXACT.subtract(self.left, amount)
        return EXACT.subtract(self._moved, before)

    def expire(self) -> Decimal:
        """Let go what is lost; give the part of it that was paid for."""
        return self.draw(self.losing)

    def rolled(self, amount: Decimal) -> Decimal:
        """Give what stays paid for with the last ``amount``: what rolls over of it."""
        used = Pot(self.amount, self.invoiced, amount, amount, self.currency)
        return EXACT.subtract(self.invoiced, used._moved)

    @property
    def _moved(self) -> Decimal:
        used = Fraction(self.amount) - Fraction(self.left)
        return round_once(Fraction(self.invoiced) * used / Fraction(self.amount), self.currency)
