"""Units that a commit covers at a price of its own: as many as its balance pays for, the first of a slice first.

They keep the place in the tiers that they have; only what they cost is the commit's price, or a multiple of the row's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.rules.instruments import in_order
from billing.rules.stretches import Slice, Stretch
from catalog.rules.agreed import Instrument, Named, OwnPrice, fits
from catalog.rules.charges import Part
from monetization.values.money import finite

NOTHING = Fraction(0)
ZERO = Decimal(0)
Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What an instrument takes of a slice at its own price, and what it leaves."""

    instrument: str
    parts: Parts
    rest: Parts


class Purse:
    """What instruments with prices of their own can still pay, in the invoice's currency."""

    def __init__(self, instruments: Iterable[Instrument], everything: Sequence[Named]) -> None:
        self._all = [each for each in in_order(instruments, everything) if each.balance]
        self._owners = [each for each in self._all if each.prices]
        self._left = {each.id: Fraction(each.balance) * Fraction(each.rate) for each in self._owners}

    def alive(self, stretch: Stretch, at: datetime) -> frozenset[str]:
        """Name the instruments that may cover a stretch at an instant."""
        return frozenset(each.id for each in self._all if each.lives_at(at) and _in_scope(each, stretch))

    def take(self, stretch: Stretch, piece: Slice, parts: Parts) -> Iterator[Taken]:
        """Let each instrument that prices this slice take what it can pay, in turn."""
        for each in self._owners:
            own = _price_of(each, stretch)
            if own is None or not each.lives_at(piece.period.starts_at) or not _in_scope(each, stretch):
                continue
            taken, rest = self._split(each.id, own, parts, Fraction(stretch.charge.rate))
            if taken:
                yield Taken(each.id, taken, rest)
                parts = rest

    def _split(self, name: str, own: OwnPrice, parts: Parts, rate: Fraction) -> tuple[Parts, Parts]:
        taken, rest = [], []
        for part in parts:
            cost = Fraction(part.unit_price) * Fraction(own.multiplier or 1)
            cost = cost if own.unit_price is None else Fraction(own.unit_price)
            units = _units(part.quantity, cost * rate, self._left[name])
            if units:
                self._left[name] -= units * cost * rate
                taken.append(_part(part, units, cost, ZERO))
            left = part.quantity - units
            if left or part.flat_fee:
                rest.append(_part(part, left, Fraction(part.unit_price), part.flat_fee) if units else part)
        return tuple(taken), tuple(rest)


def _units(quantity: Fraction, price: Fraction, balance: Fraction) -> Fraction:
    if quantity <= 0 or (price > 0 and balance <= 0):
        return NOTHING
    return quantity if price <= 0 else min(quantity, balance / price)


def _part(part: Part, quantity: Fraction, price: Fraction, flat_fee: Decimal) -> Part:
    amount = quantity * price + Fraction(flat_fee)
    unit_price = finite(price)
    assert unit_price is not None  # a product of decimals ends
    return Part(part.tier, part.over, part.up_to, quantity, unit_price, flat_fee, amount)


def _price_of(instrument: Instrument, stretch: Stretch) -> OwnPrice | None:
    mine = (own for own in instrument.prices if own.charge == stretch.charge.slot)
    fitting = [own for own in mine if set(own.match) <= set(stretch.conditions)]
    return max(fitting, key=lambda own: len(own.match), default=None)


def _in_scope(instrument: Instrument, stretch: Stretch) -> bool:
    charge = stretch.charge
    scope, match = instrument.scope, stretch.conditions
    return fits(scope, charge=charge.slot, product=charge.product, tags=charge.tags, kind="usage", match=match)
