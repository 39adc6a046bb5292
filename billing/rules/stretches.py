"""Stretches: the time in which a charge has the same price, which is one line in the making.

A stretch has one track for each counter (`tier_by` gives each value its own), a track one slice for each segment in
which something was used. Free units, commitments by window and prices of commits mark units of slices; what is left
is priced by `billing.rules.costs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from catalog.rules.charges import first_unit
from catalog.rules.terms import Charge, Dims, Price
from catalog.rules.transactions import Transaction
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period

NOTHING = Fraction(0)
Order = tuple[datetime, Fraction, str, int, int, int]


@dataclass(slots=True)
class Slice:
    """What one counter adds in one segment: it stood at ``before`` and moves by ``quantity`` units.

    ``free`` units cost nothing, ``inside`` ones are taken by a commitment of their window; neither moves a tier.
    ``base``: where it stood when the period began. ``opened``: an earlier period has begun to count it.
    """

    segment: int
    period: Period
    before: Fraction
    quantity: Fraction
    measured: Fraction
    usage: tuple[UsageRow, ...]
    free: Fraction = NOTHING
    inside: Fraction = NOTHING
    base: Fraction = NOTHING
    opened: bool = False

    def joined(self, later: Slice) -> Slice:
        """Join with the slice that follows."""
        return Slice(
            self.segment,
            Period(self.period.starts_at, later.period.ends_at),
            self.before,
            self.quantity + later.quantity,
            self.measured + later.measured,
            self.usage + later.usage,
            self.free + later.free,
            self.inside + later.inside,
            self.base,
            self.opened,
        )

    @property
    def moves(self) -> Fraction:
        """Give the units by which it moves the counter of paid units."""
        return self.quantity - self.free - self.inside

    @property
    def events(self) -> tuple[Transaction, ...]:
        """List the single events, where the price looks at them."""
        return tuple(event for row in self.usage for event in row.transactions)


@dataclass(slots=True)
class Stretch:
    """Consecutive segments in which a charge has the same price."""

    charge: Charge
    period: Period
    prices: list[Price]
    tracks: dict[Dims, list[Slice]] = field(default_factory=dict)

    def add(self, track: Dims, piece: Slice) -> None:
        """Take in what one segment adds to one counter."""
        self.tracks.setdefault(track, []).append(piece)

    @property
    def slices(self) -> Iterator[Slice]:
        """Yield the slices of all tracks."""
        for track in self.tracks.values():
            yield from track

    @property
    def order(self) -> Order:
        """Say where its line stands: earlier first, then the higher list price of the first unit, then by name."""
        price, charge = self.prices[0], self.charge
        price_of_first = max(first_unit(price, track[0].before) for track in self.tracks.values())
        first = self.period.starts_at, -price_of_first * Fraction(charge.rate), charge.name, charge.metric.version_id
        return *first, *price.place

    @property
    def conditions(self) -> Dims:
        """The dimension values that its rows name, in a fixed order."""
        return tuple(sorted(self.prices[0].match))
