"""What stretches cost: each counter is walked through its slices, stretch by stretch.

Units that an instrument covers at a price of its own come first in their slice; they move the counter as all units do,
and cost that price instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.owned import Purse
from billing.rules.pieces import LIFT, Cost
from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.charges import Part
from catalog.rules.terms import Dims, PriceModel
from catalog.rules.transactions import Transaction
from catalog.rules.walks import Walk, paid_to, walk

Parts = tuple[Part, ...]
ZERO = Decimal(0)


@dataclass(slots=True)
class _Track:
    """How far a counter is: units taken off its position so far, what is paid, which events were priced."""

    off: Fraction = NOTHING
    paid_to: Fraction = NOTHING
    earlier: tuple[Transaction, ...] = ()
    opened: bool = False


def costs(stretches: Iterable[Stretch], purse: Purse) -> list[Cost]:
    """Price stretches, given in line order; ``purse`` holds what instruments with prices of their own still have."""
    tracks: dict[tuple[str, str, Dims, Dims], _Track] = {}
    found = []
    for stretch in stretches:
        cost = Cost()
        for values, every in stretch.tracks.items():
            slices = _joined(every, stretch, purse)
            key = (stretch.charge.slot, stretch.charge.metric.metric, stretch.conditions, values)
            _price(cost, stretch, slices, tracks.setdefault(key, _Track()), purse)
        _inside(cost, stretch)
        found.append(cost)
    return found


def _joined(slices: Sequence[Slice], stretch: Stretch, purse: Purse) -> list[Slice]:
    """Join neighbouring slices that the same instruments see: a cut for other charges' sake changes nothing here."""
    found: list[Slice] = []
    seen: list[frozenset[str]] = []
    for piece in slices:
        key = purse.alive(stretch, piece.period.starts_at)
        if found and seen[-1] == key and found[-1].before + found[-1].quantity == piece.before:
            found[-1] = found[-1].joined(piece)
        else:
            found.append(piece)
            seen.append(key)
    return found


def lift(stretches: Sequence[Stretch], found: Sequence[Cost]) -> None:
    """Lift lines, the latest first, where those of a charge sum below zero while its quantity isn't negative."""
    by_charge: dict[str, list[tuple[Stretch, Cost]]] = {}
    for stretch, cost in zip(stretches, found, strict=True):
        by_charge.setdefault(stretch.charge.slot, []).append((stretch, cost))
    for mine in by_charge.values():
        lack = -sum((cost.exact for _, cost in mine), NOTHING)
        quantity = sum((piece.quantity for stretch, _ in mine for piece in stretch.slices), NOTHING)
        if lack <= 0 or quantity < 0:
            continue
        for stretch, cost in sorted(mine, key=lambda pair: pair[0].period.starts_at, reverse=True):
            given = min(lack, max(-cost.exact, NOTHING))
            if given:
                cost.add(stretch.period, (Part(LIFT, ZERO, None, NOTHING, ZERO, ZERO, given),))
                lack -= given


def _price(cost: Cost, stretch: Stretch, slices: Sequence[Slice], track: _Track, purse: Purse) -> None:
    price, charge = stretch.prices[0], stretch.charge
    legs = tuple(_legs(slices, track))
    if price.model is PriceModel.PACKAGE and track.opened and not track.paid_to:
        track.paid_to = max(legs[0][0], NOTHING)
    way = Walk(
        legs,
        opens=charge.flat_at_zero and legs[0][0] == 0 and not track.opened,
        at_zero=charge.flat_at_zero,
        paid_to=track.paid_to,
        base=Fraction(charge.position),
        earlier=track.earlier,
        events=tuple(each.events for each in slices),
    )
    for piece, parts in zip(slices, walk(price, way), strict=True):
        _own(cost, stretch, piece, parts, purse)
    track.opened = True
    track.earlier += tuple(event for each in slices for event in each.events)
    if price.model is PriceModel.PACKAGE or track.paid_to:
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
