"""What takes units out of a charge before they are priced: free units, and commitments for each window.

Both are pools of a whole charge, used in line order; units given back first give back what was paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.agreed import Windowed
from catalog.rules.terms import Price, Window
from metering.rules.spans import windows
from monetization.values.periods import Period, local_date, local_midnight


def allot(stretches: Sequence[Stretch], pool: Fraction) -> None:
    """Mark the free units of one charge's stretches, given in line order."""
    left, paid = pool, dict[int, Fraction]()
    for stretch in stretches:
        for number, (_, slices) in enumerate(sorted(stretch.tracks.items())):
            for piece in slices:
                left = _free(piece, left, paid, number)


def _free(piece: Slice, left: Fraction, paid: dict[int, Fraction], track: int) -> Fraction:
    so_far = paid.get(track, NOTHING)
    if piece.quantity >= 0:
        piece.free = min(left, piece.quantity)
    else:
        piece.free = min(NOTHING, piece.quantity + so_far)
    paid[track] = so_far + piece.quantity - piece.free
    return left - piece.free


def commit_windows(stretches: Sequence[Stretch], windowed: Windowed, served: Period, zone: str) -> Fraction:
    """Mark the units of one charge that its commitments take, window by window; give what is missing in all of them."""
    every = {start for start, _, _ in windows(Window(windowed.window), served, zone)}
    left: dict[datetime, Fraction] = {}
    used = set[datetime]()
    for stretch in stretches:
        price = _inside(windowed, stretch.prices[0])
        for piece in stretch.slices:
            for start, units in _by_window(stretch, piece, windowed.window, zone):
                used.add(start)
                room = left.setdefault(start, _committed(windowed, price))
                taken = units if not price else min(units, room / price)
                piece.inside += taken
                left[start] -= taken * price
    first = _inside(windowed, stretches[0].prices[0]) if stretches else NOTHING
    owed = used if windowed.used_only else every | used
    return sum((left.get(start, _committed(windowed, first)) for start in owed), NOTHING)


def _inside(windowed: Windowed, price: Price) -> Fraction:
    return Fraction(windowed.unit_price if windowed.unit_price is not None else price.tiers[0].unit_price)


def _committed(windowed: Windowed, price: Fraction) -> Fraction:
    if windowed.amount is not None:
        return Fraction(windowed.amount)
    return Fraction(windowed.quantity or 0) * price


def _by_window(stretch: Stretch, piece: Slice, kind: str, zone: str) -> Iterator[tuple[datetime, Fraction]]:
    """Yield the units that each window adds to a slice."""
    found: dict[datetime, Fraction] = {}
    for event in piece.events:
        start = _start(event.at, kind, zone)
        found[start] = found.get(start, NOTHING) + Fraction(event.amount) / Fraction(stretch.charge.metric.divisor)
    yield from sorted(found.items())


def _start(at: datetime, kind: str, zone: str) -> datetime:
    if kind == Window.DAY:
        return local_midnight(local_date(at, zone), zone)
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
