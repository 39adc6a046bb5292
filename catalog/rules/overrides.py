"""What a contract makes of a price list: its own prices before those of the list, and multipliers on what is left.

A contract's own row wins over every row of the list that it matches, however literal; multipliers are only for rows of
an arm, a plan or a card. They scale all that such a row charges: unit prices and flat fees of every tier, and of
transactions percent, fixed fee and both clamps, so that each costs the factor of what it did. Bounds, sizes of blocks
and packages and free zones stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from operator import is_

from catalog.rules.agreed import Scope, fits
from catalog.rules.terms import Applied, Charge, Level, PerTransaction, Price, Tier, dims_of
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import EXACT
from monetization.values.periods import Period

ONE = Decimal(1)
MOST, PLACES = 100, 6


class Combine(StrEnum):
    """What several multipliers of one price come to."""

    COMPOUND = "compound"
    LOWEST = "lowest"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class Override:
    """A contract's own price row of a charge, while it is in force."""

    key: str
    charge: str
    price: Price
    period: Period


@dataclass(frozen=True, slots=True)
class Multiplier:
    """A factor on list prices in scope, while it is in force; of several the lower ``priority`` is first."""

    key: str
    factor: Decimal
    period: Period
    scope: Scope = Scope()
    priority: int = 0


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """All that a contract makes of its price list."""

    overrides: tuple[Override, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()
    combine: Combine = Combine.COMPOUND

    def __bool__(self) -> bool:
        """Say whether there is anything."""
        return bool(self.overrides or self.multipliers)

    @property
    def names(self) -> tuple[str, ...]:
        """Tell one selection of these from another."""
        return (*(f"override:{each.key}" for each in self.overrides), *(each.key for each in self.multipliers))

    @property
    def edges(self) -> list[datetime]:
        """List the instants at which something begins or ends."""
        periods = [*(each.period for each in self.overrides), *(each.period for each in self.multipliers)]
        return [edge for period in periods for edge in (period.starts_at, period.ends_at) if edge is not None]

    def at(self, at: datetime) -> OwnPrices:
        """Give what is in force at an instant."""
        return replace(
            self,
            overrides=tuple(each for each in self.overrides if at in each.period),
            multipliers=tuple(each for each in self.multipliers if at in each.period),
        )

    def on(self, charge: Charge) -> Charge:
        """Let a charge have these prices, all of them in force; one that they don't touch stays as it is."""
        if not self:
            return charge
        own = [_ordered(each.price, charge) for each in self.overrides if each.charge == charge.slot]
        prices = tuple(self._multiplied(price, charge) for price in layered(own, charge.prices))
        same = len(prices) == len(charge.prices) and all(map(is_, prices, charge.prices))
        return charge if same else replace(charge, prices=prices)

    def _multiplied(self, price: Price, charge: Charge) -> Price:
        found = [each for each in self.multipliers if in_scope(each, charge, price)]
        return multiplied(price, found, self.combine) if found else price


def in_scope(multiplier: Multiplier, charge: Charge, price: Price) -> bool:
    """Say whether a multiplier is for a row; one for dimension values needs rows that name them."""
    scope, match = multiplier.scope, price.match
    return fits(scope, charge=charge.slot, product=charge.product, tags=charge.tags, kind="usage", match=match)


def _ordered(price: Price, charge: Charge) -> Price:
    """Let a row name its dimension values in the metric's order."""
    return replace(price, match=dims_of(dict(price.match), charge.metric.order))


def rivals(one: Override, other: Override) -> bool:
    """Say whether two overrides price the same usage at some instant."""
    same = one.charge == other.charge and set(one.price.match) == set(other.price.match)
    return same and one.period.overlap(other.period) is not None


def factor_errors(factor: Decimal, field: str) -> Iterator[DomainError]:
    """Refuse a factor below nothing, and one that many of can't be multiplied exactly."""
    if not 0 <= factor <= MOST or (Fraction(factor) * 10**PLACES).denominator != 1:
        fix = f"Between 0 and {MOST}, at most {PLACES} places: 0.82 is 18 % off"
        yield Invalid("This is no factor of a price", field=field, fix=fix)


def layered(own: Sequence[Price], listed: Sequence[Price]) -> tuple[Price, ...]:
    """Put a contract's rows before those of its list; rows that can't be reached any more are left out."""
    if not own:
        return tuple(listed)
    taken = [set(price.match) for price in own]
    return (*own, *(price for price in listed if not any(match <= set(price.match) for match in taken)))


def multiplied(price: Price, multipliers: Iterable[Multiplier], combine: Combine) -> Price:
    """Scale a row of a list by multipliers, all of them for it; a contract's own row stays."""
    found = [] if price.level is Level.CONTRACT else _chosen(multipliers, combine)
    if not found:
        return price
    factor = ONE
    for each in found:
        factor = EXACT.multiply(factor, each.factor)
    return replace(scaled(price, factor), multipliers=tuple(Applied(each.key, each.factor) for each in found))


def scaled(price: Price, factor: Decimal) -> Price:
    """Multiply all that a row charges."""
    rule = price.transaction
    return replace(
        price,
        tiers=tuple(_tier(tier, factor) for tier in price.tiers),
        transaction=_transaction(rule, factor) if rule is not None else None,
    )


def _chosen(multipliers: Iterable[Multiplier], combine: Combine) -> list[Multiplier]:
    """Give those that count, in their order: priority, then start, then key."""
    line = sorted(multipliers, key=lambda each: (each.priority, each.period.starts_at, each.key))
    if combine is Combine.COMPOUND or not line:
        return line
    return [line[0] if combine is Combine.FIRST else min(line, key=lambda each: each.factor)]


def _tier(tier: Tier, factor: Decimal) -> Tier:
    unit_price, flat_fee = EXACT.multiply(tier.unit_price, factor), EXACT.multiply(tier.flat_fee, factor)
    return replace(tier, unit_price=unit_price, flat_fee=flat_fee)


def _transaction(rule: PerTransaction, factor: Decimal) -> PerTransaction:
    def scaled(fee: Decimal | None) -> Decimal | None:
        return None if fee is None else EXACT.multiply(fee, factor)

    return replace(
        rule,
        percent=EXACT.multiply(rule.percent, factor),
        fixed_fee=EXACT.multiply(rule.fixed_fee, factor),
        minimum_fee=scaled(rule.minimum_fee),
        maximum_fee=scaled(rule.maximum_fee),
    )
