"""What a counter's way through a stretch costs, slice by slice: one function for each price model.

A stretch is the time in which a price stands without a break; its slices are the pieces in which nothing changes, not
even what covers the usage. Most models are priced by positions, so that slices telescope. A price of single
events needs the events themselves, in order.

Units up to ``paid_to`` are paid by packages of an earlier price (none at all where it is 0): a later one counts from
there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from catalog.rules.charges import NOTHING, Part, parts, steps
from catalog.rules.terms import Price, PriceModel
from catalog.rules.transactions import FreeZone, Transaction, charged_events
from catalog.rules.volumes import fee_moves, moved, whole_cost

Parts = tuple[Part, ...]
ZERO = Decimal(0)


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
    paid_to: Fraction | None = None
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
        return max(way.end, way.paid_to or NOTHING)
    size = Fraction(price.tiers[0].block_size or 1)
    step = next(steps(price))
    start = way.paid_to or NOTHING
    return start + step.blocks(max(way.end - start, NOTHING)) * size


def _telescoped(price: Price, way: Walk) -> list[Parts]:
    return [parts(price, before, after, at_zero=way.at_zero) for before, after in _edges(price, way)]


def _edges(price: Price, way: Walk) -> list[tuple[Fraction | None, Fraction]]:
    """Give from where to where each slice moves among what is not paid yet; None opens the counter."""
    found: list[tuple[Fraction | None, Fraction]] = [
        (_unpaid(price, way, before), _unpaid(price, way, after)) for before, after in way.legs
    ]
    if way.opens:
        return [(None, found[0][1]), *found[1:]]
    if way.paid_to is not None:  # what an earlier package left unpaid is the new price's
        return [(NOTHING if price.model is PriceModel.PACKAGE else way.paid_to, found[0][1]), *found[1:]]
    return found


def _unpaid(price: Price, way: Walk, position: Fraction) -> Fraction:
    """Place a position among what is not paid yet; packages of their own count from there."""
    if way.paid_to is None or position < 0:
        return position
    if price.model is PriceModel.PACKAGE:
        return max(position - way.paid_to, NOTHING)
    return max(position, way.paid_to)


def _volume(price: Price, way: Walk) -> list[Parts]:
    """Price this period's units in the tier that all units so far lie in; a retroactive price takes all of them."""
    base = NOTHING if price.retroactive else way.base
    return [
        moved(whole_cost(price, after, base, at_zero=way.at_zero), whole_cost(price, before, base, at_zero=way.at_zero))
        for before, after in _edges(price, way)
    ]


def _tiered_flat(price: Price, way: Walk) -> list[Parts]:
    """Charge the fee of the tier reached, alone; what an earlier tier cost is given back."""
    return [fee_moves(price, before, after, at_zero=way.at_zero) for before, after in _edges(price, way)]


def _percentage(price: Price, way: Walk) -> list[Parts]:
    assert price.transaction is not None
    zone = FreeZone(price.transaction)
    for event in sorted(way.earlier):
        zone.charged(event.amount)
    return [charged_events(price.transaction, zone, sorted(slice_)) for slice_ in way.events]


WALKS: dict[PriceModel, Callable[[Price, Walk], list[Parts]]] = {
    PriceModel.VOLUME: _volume,
    PriceModel.TIERED_FLAT: _tiered_flat,
    PriceModel.PERCENTAGE: _percentage,
}
