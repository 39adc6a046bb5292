"""What became of an instrument's balance in one bill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.lines import Line
from catalog.rules.agreed import Instrument
from monetization.values.money import rounded_down


@dataclass(slots=True)
class Balance:
    """An instrument's balance in its own unit: before, drawn by this invoice, rolled over and lost at its end."""

    instrument: Instrument
    drawn: Fraction = Fraction(0)
    expired: Fraction = Fraction(0)
    rolled: Fraction = Fraction(0)

    @property
    def left(self) -> Fraction:
        """What can still be drawn."""
        return Fraction(self.instrument.balance) - self.drawn - self.expired - self.rolled

    def end(self) -> None:
        """Let what may roll over do so; the rest is lost."""
        rest = max(self.left, Fraction(0))
        self.rolled = min(rest, Fraction(self.instrument.rolls))
        self.expired = rest - self.rolled

    def worth(self, currency: str) -> Decimal:
        """Give what is left in the currency, in whole minor units."""
        return rounded_down(self.left * Fraction(self.instrument.rate), currency)


@dataclass(frozen=True, slots=True)
class Drawn:
    """True-ups of postpaid commits, negative lines, and what became of each balance (in order of drawing)."""

    true_ups: list[Line]
    covering: list[Line]
    balances: list[Balance]
