"""What a stretch costs, tier by tier and piece by piece."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from billing.rules.stretches import NOTHING
from catalog.rules.charges import Part
from monetization.values.periods import Period

Parts = tuple[Part, ...]


LIFT = 1_000_000  # stands after every tier


@dataclass(frozen=True, slots=True)
class Piece:
    """A share of a line's cost: what falls into one segment, or what a commit prices there.

    ``instrument``: the only one that may cover it, because its price is that of the piece. ``committed``: priced by a
    commit, so that no discount touches it.
    """

    period: Period
    exact: Fraction
    instrument: str = ""
    committed: bool = False


@dataclass(slots=True)
class Cost:
    """A stretch's cost, tier by tier and piece by piece; in the unit of its prices."""

    parts: dict[tuple[int, str], Part] = field(default_factory=dict)
    by_time: dict[tuple[datetime, str, bool], Piece] = field(default_factory=dict)
    listed: Fraction = NOTHING  # before prices of commits

    def add(self, period: Period, parts: Parts, instrument: str = "", *, committed: bool = False) -> None:
        """Take in what a piece costs."""
        for part in parts:
            known = self.parts.get((part.tier, instrument))
            self.parts[part.tier, instrument] = known.plus(part) if known else part
        exact = sum((part.amount for part in parts), NOTHING)
        if exact:
            key = (period.starts_at, instrument, committed)
            known_exact = self.by_time[key].exact if key in self.by_time else NOTHING
            self.by_time[key] = Piece(period, known_exact + exact, instrument, committed)

    @property
    def pieces(self) -> list[Piece]:
        """List the pieces in the order of time, those with a price of their own first."""
        return sorted(self.by_time.values(), key=lambda each: (each.period.starts_at, not each.instrument))

    @property
    def exact(self) -> Fraction:
        """Give the whole."""
        return sum((piece.exact for piece in self.pieces), NOTHING)
