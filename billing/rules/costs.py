"""What stretches cost: each counter is walked through its slices, stretch by stretch.

Units that an instrument covers at a price of its own come first in their slice; they move the counter as all units do,
and cost that price instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.evened import joined
from billing.rules.owned import Purse
from billing.rules.pieces import Cost
from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.charges import Part
from catalog.rules.terms import Dims, PriceModel
from catalog.rules.transactions import Transaction
from catalog.rules.walks import Walk, paid_to, walk
from monetization.values.periods import Period

Parts = tuple[Part, ...]
ZERO = Decimal(0)


@dataclass(slots=True)
class _Track:
    """How far a counter is: units taken off its position so far, what is paid, which events were priced."""

    off: Fraction = NOTHING
    paid_to: Fraction | None = None
    earlier: tuple[Transaction, ...] = ()
    opened: bool = False


def costs(stretches: Iterable[Stretch], purse: Purse, windows: Sequence[Period] = ()) -> list[Cost]:
    """Price stretches, given in line order; ``purse`` holds what instruments with prices of their own still have.

    What falls into a window is kept apart from what doesn't.
    """
    tracks: dict[tuple[str, str, Dims, Dims], _Track] = {}
    found = []
    for stretch in stretches:
        cost = Cost()
        for values, every in stretch.tracks.items():
            slices = joined(every, stretch, purse, windows)
            key = (stretch.charge.slot, stretch.charge.metric.metric, stretch.conditions, values)
            _price(cost, stretch, slices, tracks.setdefault(key, _Track()), purse)
        _inside(cost, stretch)
        found.append(cost)
    return found


def _price(cost: Cost, stretch: Stretch, slices: Sequence[Slice], track: _Track, purse: Purse) -> None:
    price, charge = stretch.prices[0], stretch.charge
    legs = tuple(_legs(slices, track))
    if price.model is PriceModel.PACKAGE and track.opened and track.paid_to is None:
        track.paid_to = max(legs[0][0], NOTHING)
    way = Walk(
        legs,
        opens=charge.flat_at_zero and legs[0][0] == 0 and not track.opened and not slices[0].opened,
        at_zero=charge.flat_at_zero,
        paid_to=track.paid_to,
        base=slices[0].base,
        earlier=track.earlier,
        events=tuple(each.events for each in slices),
    )
    for piece, parts in zip(slices, walk(price, way), strict=True):
        _own(cost, stretch, piece, parts, purse)
    track.opened = True
    track.earlier += tuple(event for each in slices for event in each.events)
    if price.model is PriceModel.PACKAGE or track.paid_to is not None:
        track.paid_to = paid_to(price, way)


def _legs(slices: Sequence[Slice], track: _Track) -> Iterator[tuple[Fraction, Fraction]]:
    for piece in slices:
        before = piece.before - track.off
        track.off += piece.free + piece.inside
        yield before, before + piece.moves


def _own(cost: Cost, stretch: Stretch, piece: Slice, parts: Parts, purse: Purse) -> None:
    """Let instruments with prices of their own take the first units; the rest costs what the row says."""
    cost.listed += sum((part.amount for part in parts), NOTHING)
    for taken in purse.take(stretch, piece, parts):
        cost.add(piece.period, taken.parts, taken.instrument, committed=True)
        parts = taken.rest
    cost.add(piece.period, parts)


def _inside(cost: Cost, stretch: Stretch) -> None:
    """Add the units that a commitment by window takes, at its price inside."""
    windowed = stretch.charge.windowed
    if windowed is None:
        return
    unit_price = windowed.unit_price if windowed.unit_price is not None else stretch.prices[0].tiers[0].unit_price
    for piece in stretch.slices:
        if piece.inside:
            amount = piece.inside * Fraction(unit_price)
            part = Part(-1, ZERO, None, piece.inside, unit_price, ZERO, amount)
            cost.listed += amount
            cost.add(piece.period, (part,), committed=windowed.unit_price is not None)
