"""What comes of events that are tried: a verdict on each, totals of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from catalog.rules.terms import Dims
from metering.rules.aggregate import Reading
from metering.rules.envelope import Incoming
from metering.rules.steps import Step
from monetization.values.periods import Period


class Verdict(StrEnum):
    """What became of an event."""

    COUNTED = "COUNTED"
    EARLIER = "EARLIER"
    OUTSIDE = "OUTSIDE"
    OTHER = "OTHER"
    FILTERED = "FILTERED"
    DUPLICATE = "DUPLICATE"
    CONFLICT = "CONFLICT"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom an event belongs to: the account's key, the zone of its days, and whether there is such an account."""

    key: str
    zone: str
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Tried:
    """An event and what became of it; `number` is its place from 1."""

    number: int
    event: Incoming | None
    time: datetime
    owner: Owner = Owner("", "UTC", is_known=False)
    verdict: Verdict = Verdict.REFUSED
    why: str = ""
    field: str = ""
    fix: str = ""
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Total:
    """What an account's events come to for one set of dimension values (None: for all of them together)."""

    owner: Owner
    period: Period
    dims: Dims | None
    events: int
    steps: tuple[Step, ...]

    @property
    def quantity(self) -> Fraction:
        """The priced units."""
        return self.steps[-1].value


@dataclass(frozen=True, slots=True)
class Played:
    """All events and all totals."""

    tried: tuple[Tried, ...]
    totals: tuple[Total, ...]

    @property
    def counted(self) -> int:
        """How many of the events count."""
        return sum(each.verdict is Verdict.COUNTED for each in self.tried)
