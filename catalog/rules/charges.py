"""Price functions: what it costs to move a counter from one position to another.

A counter holds the quantity accumulated so far (per contract, product and the dimension values that
a price row names). Its price at a position is a sum over tiers; what a stretch of usage costs is
the difference of two positions. So cuts telescope, tier positions continue through price changes,
and units given back leave the latest parts first.

Tier bounds: lower exclusive, upper inclusive. A tier's flat fee is due once its lower bound is
passed, and is given back when the position falls back. The first tier's flat fee is due at zero
usage only with ``at_zero``. A negative position costs minus the price of its absolute value,
without flats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from catalog.rules.terms import Price, PriceModel, Tier
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import plain

NOTHING = Fraction(0)
Position = Fraction | Decimal | int


@dataclass(frozen=True, slots=True)
class Part:
    """What a stretch of usage costs in one tier: ``amount = quantity × unit_price + flat_fee``.

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


@dataclass(frozen=True, slots=True)
class _Step:
    """A tier with its lower bound, and the rule of its flat fee."""

    number: int
    over: Decimal
    tier: Tier
    at_zero: bool

    def filled(self, position: Fraction) -> Fraction:
        """Units of the position that lie in this tier, signed as the position is."""
        size, up_to = abs(position), self.tier.up_to
        reached = size if up_to is None or size <= up_to else Fraction(up_to)
        units = max(reached - Fraction(self.over), NOTHING)
        return -units if position < 0 else units

    def entered(self, position: Fraction) -> bool:
        return position > self.over or (self.at_zero and position == self.over)

    def part(self, before: Fraction | None, after: Fraction) -> Part:
        quantity = self.filled(after) - (self.filled(before) if before is not None else NOTHING)
        entries = self.entered(after) - (before is not None and self.entered(before))
        flat_fee, unit_price = self.tier.flat_fee * entries, self.tier.unit_price
        amount = quantity * Fraction(unit_price) + Fraction(flat_fee)
        return Part(self.number, self.over, self.tier.up_to, quantity, unit_price, flat_fee, amount)


def parts(price: Price, before: Position | None, after: Position, *, at_zero: bool = False) -> tuple[Part, ...]:
    """Give what moving from ``before`` to ``after`` costs, tier by tier; tiers not touched are left
    out.

    ``before`` None opens the counter: only then can the first tier's flat fee fall due at zero
    usage.
    """
    start = None if before is None else Fraction(before)
    return PARTS[price.model](price, start, Fraction(after), at_zero)


def amount(price: Price, before: Position | None, after: Position, *, at_zero: bool = False) -> Fraction:
    """Give the exact, unrounded cost of moving from ``before`` to ``after``."""
    return sum((part.amount for part in parts(price, before, after, at_zero=at_zero)), NOTHING)


def _graduated(price: Price, before: Fraction | None, after: Fraction, at_zero: bool) -> tuple[Part, ...]:
    found = (step.part(before, after) for step in _steps(price.tiers, at_zero))
    return tuple(part for part in found if part.quantity or part.flat_fee)


def _steps(tiers: Sequence[Tier], at_zero: bool) -> Iterator[_Step]:
    over = Decimal(0)
    for number, tier in enumerate(tiers):
        yield _Step(number, over, tier, at_zero and number == 0)
        over = tier.up_to if tier.up_to is not None else over


# One function per model; a per-unit price is a graduated one with a single open tier.
PARTS: dict[PriceModel, Callable[[Price, Fraction | None, Fraction, bool], tuple[Part, ...]]] = {
    PriceModel.PER_UNIT: _graduated,
    PriceModel.GRADUATED: _graduated,
}


def tier_errors(price: Price, field: str) -> list[DomainError]:
    """List what is wrong with a row's tier table; ``field`` is the row's path
    (``charges[0].prices[3]``).
    """
    if not price.tiers:
        return [
            Invalid(
                "A price needs at least one tier",
                field=f"{field}.tiers",
                fix="Add one without an end",
            )
        ]
    errors = _shape_errors(price, field)
    over = Decimal(0)
    for number, tier in enumerate(price.tiers):
        path, last = f"{field}.tiers[{number}]", number == len(price.tiers) - 1
        errors += _number_errors(tier, path) + _bound_errors(tier, over, last, path)
        over = max(over, tier.up_to) if tier.up_to is not None else over
    return errors


def _shape_errors(price: Price, field: str) -> list[DomainError]:
    if price.model is not PriceModel.PER_UNIT:
        return []
    first, errors = price.tiers[0], list[DomainError]()
    if len(price.tiers) > 1:
        message = "A price per unit has one price for every unit"
        errors.append(Invalid(message, field=f"{field}.tiers", fix="Make it graduated"))
    if first.flat_fee:
        message = "A price per unit has no flat fee"
        errors.append(Invalid(message, field=f"{field}.tiers[0].flat_fee", fix="Make it graduated"))
    return errors


def _number_errors(tier: Tier, path: str) -> list[DomainError]:
    return [
        Invalid(
            "A price can't be negative",
            field=f"{path}.{name}",
            fix="Use zero or more; grant a credit instead",
        )
        for name, value in (("unit_price", tier.unit_price), ("flat_fee", tier.flat_fee))
        if value < 0
    ]


def _bound_errors(tier: Tier, over: Decimal, last: bool, path: str) -> list[DomainError]:
    if tier.up_to is None:
        message, fix = "Only the last tier can be open", "Give it an upper bound"
        wrong = not last
    elif last:
        message, fix = "The last tier must be open", "Leave its upper bound empty"
        wrong = True
    else:
        message, fix = (
            f"This tier ends at or below {plain(over)}, where it starts",
            "Raise its upper bound",
        )
        wrong = tier.up_to <= over
    return [Invalid(message, field=f"{path}.up_to", fix=fix)] if wrong else []
