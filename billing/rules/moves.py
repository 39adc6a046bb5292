"""Why a line's amount moved since the period before, in one sentence: pure, for the review."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monetization.values.money import plain, round_half_away

NOTHING = Decimal(0)
MINUS = "−"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a line said in one period; `prices` are its unit prices, tier by tier."""

    amount: Decimal
    quantity: Decimal
    unit: str
    prices: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """The change of a line: amount difference, percent of the amount before, and the reason."""

    delta: Decimal
    percent: Decimal | None
    sentence: str


def move(now: Figures | None, before: Figures | None) -> Move:
    """Compare a line with the same line of the period before; either may be missing, not both."""
    if before is None:
        assert now is not None
        return Move(now.amount, None, f"New: {_amount(now.quantity)} {now.unit}, none last period.")
    if now is None:
        return Move(-before.amount, Decimal(-100), "Not used this period.")
    delta = now.amount - before.amount
    return Move(delta, percent_of(delta, before.amount), _why(now, before, delta))


def percent_of(delta: Decimal, base: Decimal) -> Decimal | None:
    """Give a change in percent of its base to one decimal; None where the base is zero."""
    return round_half_away(Fraction(delta) * 100 / Fraction(base), 1) if base else None


def _why(now: Figures, before: Figures, delta: Decimal) -> str:
    if now.prices != before.prices:
        return f"{_signed(delta)}: price {_prices(before)} → {_prices(now)}, {_units(now, before)}."
    return f"{_signed(delta)}: {_units(now, before)}."


def _units(now: Figures, before: Figures) -> str:
    more = now.quantity - before.quantity
    if not more:
        return "same quantity"
    return f"{_amount(abs(more))} {'more' if more > 0 else 'fewer'} {now.unit}"


def _prices(figures: Figures) -> str:
    return " / ".join(map(plain, figures.prices)) or "none"


def _signed(value: Decimal) -> str:
    return f"{'+' if value >= 0 else MINUS}{abs(value).normalize():,f}" if value else "±0"


def _amount(value: Decimal) -> str:
    return f"{round_half_away(value, 3).normalize():,f}"
