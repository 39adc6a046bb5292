"""What a counter's way through a stretch costs, slice by slice: one function for each price model.

A stretch is the time in which a price stands without a break; its slices are the pieces in which nothing changes, not
even what covers the usage. Most models are priced by positions, so that slices telescope. A price of single
events needs the events themselves, in order.

Units up to ``paid_to`` are paid by packages of an earlier price: a later one counts from there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from catalog.rules.charges import NOTHING, Part, parts, step_at, steps
from catalog.rules.terms import PerTransaction, Price, PriceModel
from monetization.values.money import EXACT

Parts = tuple[Part, ...]
CENT = Decimal("0.01")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, order=True)
class Transaction:
    """A single event that a price looks at; they are priced in this order."""

    at: datetime
    source: str
    id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Walk:
    """A counter's way: from where to where each slice moves it (a row that appears or goes makes it jump in between).

    ``base``: what it accumulated before the period. ``opens``: the counter starts here; with ``at_zero`` the first flat
    fee is due then, used or not. ``earlier``: events priced before this stretch; ``events`` those of each slice (only
    where the price looks at them).
    """

    legs: tuple[tuple[Fraction, Fraction], ...]
    opens: bool = False
    at_zero: bool = False
    paid_to: Fraction = NOTHING
    base: Fraction = NOTHING
    earlier: tuple[Transaction, ...] = ()
    events: tuple[tuple[Transaction, ...], ...] = ()

    @property
    def start(self) -> Fraction:
        """Where it stands first."""
        return self.legs[0][0]

    @property
    def end(self) -> Fraction:
        """Where it stands last."""
        return self.legs[-1][1]


def walk(price: Price, way: Walk) -> list[Parts]:
    """Price each slice of the way."""
    return WALKS.get(price.model, _telescoped)(price, way)


def paid_to(price: Price, way: Walk) -> Fraction:
    """Give the position up to which units are paid at the end of the way: packages are paid as a whole."""
    if price.model is not PriceModel.PACKAGE:
        return max(way.end, way.paid_to)
    size = Fraction(price.tiers[0].block_size or 1)
    step = next(steps(price))
    return way.paid_to + step.blocks(max(way.end - way.paid_to, NOTHING)) * size


def _telescoped(price: Price, way: Walk) -> list[Parts]:
    return [parts(price, before, after, at_zero=way.at_zero) for before, after in _edges(price, way)]


def _edges(price: Price, way: Walk) -> list[tuple[Fraction | None, Fraction]]:
    """Give from where to where each slice moves among what is not paid yet; None opens the counter."""
    found: list[tuple[Fraction | None, Fraction]] = [
        (_unpaid(price, way, before), _unpaid(price, way, after)) for before, after in way.legs
    ]
    if way.opens:
        return [(None, found[0][1]), *found[1:]]
    if way.paid_to:  # what an earlier package left unpaid is the new price's
        return [(NOTHING if price.model is PriceModel.PACKAGE else way.paid_to, found[0][1]), *found[1:]]
    return found


def _unpaid(price: Price, way: Walk, position: Fraction) -> Fraction:
    """Place a position among what is not paid yet; packages of their own count from there."""
    if not way.paid_to or position < 0:
        return position
    if price.model is PriceModel.PACKAGE:
        return max(position - way.paid_to, NOTHING)
    return max(position, way.paid_to)


def _volume(price: Price, way: Walk) -> list[Parts]:
    """Price this period's units in the tier that all units so far lie in; a retroactive price takes all of them."""
    base = NOTHING if price.retroactive else way.base
    return [
        _moved(_whole(price, after, base, way), _whole(price, before, base, way))
        for before, after in _edges(price, way)
    ]


def _whole(price: Price, position: Fraction | None, base: Fraction, way: Walk) -> Part | None:
    """Give what the units over ``base`` cost at a position; None where the counter isn't open yet."""
    if position is None:
        return None
    step, units = step_at(price, position), position - base
    at_zero = way.at_zero and units == 0 and step.number == 0
    return step.priced(
        step.blocks(abs(units)) * (-1 if units < 0 else 1), step.tier.flat_fee if units > 0 or at_zero else ZERO
    )


def _moved(after: Part | None, before: Part | None) -> Parts:
    """Give what moving costs: the new whole less the old one, tier by tier."""
    found = {after.tier: after} if after is not None else {}
    if before is not None:
        kept = found.get(before.tier)
        found[before.tier] = kept.plus(before.negative) if kept else before.negative
    return tuple(part for _, part in sorted(found.items()) if part.quantity or part.flat_fee)


def _tiered_flat(price: Price, way: Walk) -> list[Parts]:
    """Charge the fee of the tier reached, alone; what an earlier tier cost is given back."""
    return [_fee_moves(price, before, after, at_zero=way.at_zero) for before, after in _edges(price, way)]


def _fee_moves(price: Price, before: Fraction | None, after: Fraction, *, at_zero: bool) -> Parts:
    known = before is not None and (before > 0 or (before == 0 and at_zero))
    old = step_at(price, before) if known and before is not None else None
    new = step_at(price, after) if after > 0 or (after == 0 and at_zero) else None
    if old is not None and new is not None and old.number == new.number:
        return ()
    moved = [old.priced(NOTHING, -old.tier.flat_fee)] if old is not None and old.tier.flat_fee else []
    if new is not None and new.tier.flat_fee:
        moved.append(new.priced(NOTHING, new.tier.flat_fee))
    return tuple(moved)


def _percentage(price: Price, way: Walk) -> list[Parts]:
    assert price.transaction is not None
    zone = _FreeZone(price.transaction)
    for event in sorted(way.earlier):
        zone.charged(event.amount)
    return [_transactions(price.transaction, zone, sorted(slice_)) for slice_ in way.events]


def _transactions(rule: PerTransaction, zone: _FreeZone, events: Sequence[Transaction]) -> Parts:
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


class _FreeZone:
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


WALKS: dict[PriceModel, Callable[[Price, Walk], list[Parts]]] = {
    PriceModel.VOLUME: _volume,
    PriceModel.TIERED_FLAT: _tiered_flat,
    PriceModel.PERCENTAGE: _percentage,
}
