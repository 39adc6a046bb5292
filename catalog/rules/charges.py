"""Price functions: what it costs to move a counter from one position to another.

A counter holds the quantity accumulated so far (per contract, product and the dimension values that
a price row names). Its price at a position is a sum over tiers; what a stretch of usage costs is
the difference of two positions. So cuts telescope, tier positions continue through price changes,
and units given back leave the latest parts first.

Tier bounds: lower exclusive, upper inclusive. A tier's flat fee is due once its lower bound is
passed, and is given back when the position falls back. The first tier's flat fee is due at zero
usage only with ``at_zero``. A negative position costs minus the price of its absolute value,
without flats. A begun block counts in full, inside its tier.

`catalog.rules.walks` walks a counter through all slices of a stretch, for every model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from catalog.rules.terms import Price, PriceModel, Rounding, Tier
from monetization.values.money import EXACT

NOTHING = Fraction(0)
Position = Fraction | Decimal | int


@dataclass(frozen=True, slots=True)
class Part:
    """What a stretch of usage costs in one tier: ``amount = quantity × unit_price + flat_fee`` (a clamped price of
    single events excepted). ``quantity`` counts blocks where the tier has them.

    ``quantity`` and ``flat_fee`` are negative where units are given back. ``over`` (exclusive) and
    ``up_to`` (inclusive, None = open) are the tier's bounds; ``tier`` counts from 0.
    """

    tier: int
    over: Decimal
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Decimal
    amount: Fraction

    def plus(self, other: Part) -> Part:
        """Join two stretches of one tier."""
        flat_fee = EXACT.add(self.flat_fee, other.flat_fee)
        quantity, amount = self.quantity + other.quantity, self.amount + other.amount
        return replace(self, quantity=quantity, flat_fee=flat_fee, amount=amount)

    @property
    def negative(self) -> Part:
        """Give it back."""
        return replace(self, quantity=-self.quantity, flat_fee=EXACT.minus(self.flat_fee), amount=-self.amount)


@dataclass(frozen=True, slots=True)
class Step:
    """A tier with its lower bound, and the rules of its flat fee and of its blocks."""

    number: int
    over: Decimal
    tier: Tier
    at_zero: bool
    packages: Rounding | None = Rounding.UP

    def filled(self, position: Fraction) -> Fraction:
        """Count the units (or blocks) of the position that lie in this tier, signed as the position is."""
        size, up_to = abs(position), self.tier.up_to
        reached = size if up_to is None or size <= up_to else Fraction(up_to)
        units = self.blocks(max(reached - Fraction(self.over), NOTHING))
        return -units if position < 0 else units

    def blocks(self, units: Fraction) -> Fraction:
        """Turn units into what the price is for."""
        if self.tier.block_size is None:
            return units
        blocks = units / Fraction(self.tier.block_size)
        if self.packages is None:
            return blocks
        return Fraction(floor(blocks) if self.packages is Rounding.DOWN else ceil(blocks))

    def holds(self, position: Fraction) -> bool:
        """Say whether the position lies in this tier."""
        size, up_to = abs(position), self.tier.up_to
        return (size > self.over or self.number == 0) and (up_to is None or size <= up_to)

    def entered(self, position: Fraction) -> bool:
        """Say whether the tier's flat fee is due at this position."""
        return position > self.over or (self.at_zero and position == self.over)

    def part(self, before: Fraction | None, after: Fraction) -> Part:
        """Give what moving through this tier costs."""
        quantity = self.filled(after) - (self.filled(before) if before is not None else NOTHING)
        entries = self.entered(after) - (before is not None and self.entered(before))
        return self.priced(quantity, self.tier.flat_fee * entries)

    def priced(self, quantity: Fraction, flat_fee: Decimal) -> Part:
        """Price units (or blocks) in this tier."""
        amount = quantity * Fraction(self.tier.unit_price) + Fraction(flat_fee)
        return Part(self.number, self.over, self.tier.up_to, quantity, self.tier.unit_price, flat_fee, amount)


def parts(price: Price, before: Position | None, after: Position, *, at_zero: bool = False) -> tuple[Part, ...]:
    """Give what moving from ``before`` to ``after`` costs, tier by tier; tiers not touched are left
    out.

    ``before`` None opens the counter: only then can the first tier's flat fee fall due at zero
    usage.
    """
    start = None if before is None else Fraction(before)
    found = (step.part(start, Fraction(after)) for step in steps(price, at_zero=at_zero))
    return tuple(part for part in found if part.quantity or part.flat_fee)


def amount(price: Price, before: Position | None, after: Position, *, at_zero: bool = False) -> Fraction:
    """Give the exact, unrounded cost of moving from ``before`` to ``after``."""
    return sum((part.amount for part in parts(price, before, after, at_zero=at_zero)), NOTHING)


def steps(price: Price, *, at_zero: bool = False) -> Iterator[Step]:
    """Yield a price's tiers with their lower bounds."""
    over = Decimal(0)
    packages = price.packages if price.model is PriceModel.PACKAGE else Rounding.UP
    for number, tier in enumerate(price.tiers):
        yield Step(number, over, tier, at_zero and number == 0, packages)
        over = tier.up_to if tier.up_to is not None else over


def step_at(price: Price, position: Fraction, *, at_zero: bool = False) -> Step:
    """Find the tier that a position lies in."""
    return next(step for step in steps(price, at_zero=at_zero) if step.holds(position))


def first_unit(price: Price, position: Fraction) -> Fraction:
    """Give the list price of the first unit above a position, flat fees left out: what orders lines."""
    if price.transaction is not None:
        return Fraction(price.transaction.percent) / 100
    if price.model is PriceModel.TIERED_FLAT:
        return NOTHING
    above = (step for step in steps(price) if step.tier.up_to is None or position < step.tier.up_to)
    tier = next(above).tier
    return Fraction(tier.unit_price) / Fraction(tier.block_size or 1)
