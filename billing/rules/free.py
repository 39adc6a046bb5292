"""What takes units out of a charge before they are priced: free units, and commitments for each window.

Both are pools of a whole charge, used in line order; units given back first give back what was paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.agreed import Windowed
from catalog.rules.terms import Dims, Price, Window
from metering.rules.spans import windows
from monetization.values.periods import Period, local_date, local_midnight


def allot(stretches: Sequence[Stretch], pool: Fraction) -> None:
    """Mark the free units of one charge's stretches, given in line order."""
    left, known = pool, dict[tuple[Dims, Dims], _Given]()
    for stretch in stretches:
        for values, slices in sorted(stretch.tracks.items()):
            given = known.setdefault((stretch.conditions, values), _Given())
            for piece in slices:
                given.take(piece, left)
                left -= piece.free


@dataclass(slots=True)
class _Given:
    """What one counter was given free, and what it paid, so far."""

    free: Fraction = NOTHING
    paid: Fraction = NOTHING

    def take(self, piece: Slice, left: Fraction) -> None:
        """Mark a slice's free units: what is left of the pool; given back, those that were paid first."""
        if piece.quantity >= 0:
            above = max(NOTHING, piece.quantity + min(self.paid, NOTHING))
            piece.free = min(left, above)
        else:
            back = min(NOTHING, piece.quantity + max(self.paid, NOTHING))
            piece.free = max(back, -self.free)
        self.free += piece.free
        self.paid += piece.quantity - piece.free


def commit_windows(
    stretches: Sequence[Stretch], windowed: Windowed, price: Price, served: Period, zone: str
) -> Fraction:
    """Mark the units of one charge that its commitments take, window by window; give what is missing in all of them.

    ``price``: the row that prices the charge where nothing was used.
    """
    every = {start for start, _, _ in windows(Window(windowed.window), served, zone)}
    left: dict[datetime, Fraction] = {}
    used = set[datetime]()
    for stretch in stretches:
        inside = _inside(windowed, stretch.prices[0])
        for piece in stretch.slices:
            for start, units in _by_window(stretch, piece, windowed.window, zone):
                used.add(start)
                room = left.setdefault(start, _committed(windowed, inside))
                taken = units if not inside else min(units, room / inside)
                piece.inside += taken
                left[start] -= taken * inside
    first = _inside(windowed, stretches[0].prices[0] if stretches else price)
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
    metric, found = stretch.charge.metric, dict[datetime, Fraction]()
    factor = Fraction(metric.multiplier) / Fraction(metric.divisor)
    for event in piece.events:
        start = _start(event.at, kind, zone)
        found[start] = found.get(start, NOTHING) + Fraction(event.amount) * factor
    yield from sorted(found.items())


def _start(at: datetime, kind: str, zone: str) -> datetime:
    if kind == Window.DAY:
        return local_midnight(local_date(at, zone), zone)
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
