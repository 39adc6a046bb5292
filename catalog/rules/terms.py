"""The frozen shapes in which agreed terms travel from the tables to the rating.

``catalog.queries.terms_for`` fills them, ``billing.rules.rating.rate`` reads them, previews and
tests make them by hand. They hold no behaviour beyond what their own numbers mean, and no database
id other than the ``row_id``/``version_id`` that a rated line names as its source.

Dimension values travel as pairs ``(("model", "gpt-4o"), ("token_type", "input"))`` in the metric's
order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum, StrEnum
from fractions import Fraction

from catalog.rules.aggregations import Again, Aggregation, FilterOp, Rounding, Window
from catalog.rules.agreed import Bound, Composite, Dims, Discount, Instrument, Named, Timing, Windowed
from catalog.rules.metric_terms import Dimension, Filter, Measure, MetricTerms, dims_of
from monetization.values.periods import Period

__all__ = [
    "Again", "Aggregation", "Applied", "Charge", "Dimension", "Dims", "Discount", "Earlier", "Fee", "FeeSpan", "Filter",
    "FilterOp", "Level", "Measure", "MetricTerms", "PerTransaction", "Price", "PriceModel", "Reset", "Rounding",
    "Segment", "Source", "Terms", "Tier", "Window", "dims_of",
]  # fmt: skip
ZERO = Decimal(0)
ONE = Decimal(1)


class PriceModel(StrEnum):
    """How a price row turns a position into an amount; ``catalog.rules.charges`` has one function
    each.
    """

    PER_UNIT = "PER_UNIT"
    GRADUATED = "GRADUATED"
    VOLUME = "VOLUME"
    PACKAGE = "PACKAGE"
    TIERED_FLAT = "TIERED_FLAT"
    PERCENTAGE = "PERCENTAGE"


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a price table: above the tier before (exclusive) up to ``up_to`` (inclusive; None =
    open). With ``block_size`` the price is that of a block; a begun one counts in full, inside its tier.
    """

    up_to: Decimal | None = None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO
    block_size: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PerTransaction:
    """A price of single events: percent of the amount plus a fixed fee, both together clamped.

    The free zone ends at whichever allowance is used first; the crossing event pays on the excess, and its whole fee.
    """

    percent: Decimal
    fixed_fee: Decimal = ZERO
    free_events: Decimal | None = None
    free_amount: Decimal | None = None
    minimum_fee: Decimal | None = None
    maximum_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a price row stands: its card's key, the version, who owns it and what approved it."""

    card: str
    version: int
    version_id: int
    owner: str = ""
    approval: str = ""


class Reset(StrEnum):
    """When the counters of a charge start again at zero."""

    BILLING_PERIOD = "billing_period"
    CONTRACT_TERM = "contract_term"
    LIFETIME = "lifetime"


class Level(IntEnum):
    """Who sets a base price. The first level with any match wins; before all of them stands what a commit charges."""

    CONTRACT = 1
    ARM = 2
    PLAN = 3
    CARD = 4


@dataclass(frozen=True, slots=True)
class Applied:
    """A contract's multiplier that a price went through."""

    key: str
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """A price row: the literal dimension values it needs (an absent dimension is a wildcard) and
    its tiers.

    ``key`` names the row across versions of its card. PER_UNIT has one open tier without flat fee, PACKAGE one with a
    block size, whose packages are rounded ``up``, ``down`` or not at all (None). ``retroactive``: a volume price also
    reprices what was accumulated before. ``transaction`` only with PERCENTAGE. ``row_id`` is one of its ``level``;
    ``multipliers`` are in its numbers already.
    """

    row_id: int
    key: str
    match: Dims
    model: PriceModel
    tiers: tuple[Tier, ...]
    source: Source
    packages: Rounding | None = None
    retroactive: bool = False
    transaction: PerTransaction | None = None
    level: Level = Level.CARD
    multipliers: tuple[Applied, ...] = ()

    @property
    def place(self) -> tuple[int, int]:
        """What tells it from every other row."""
        return self.level, self.row_id

    @property
    def amounts(self) -> tuple[object, ...]:
        """All that says what units cost."""
        return (self.model, self.tiers, self.packages, self.retroactive, self.transaction)

    @property
    def content(self) -> tuple[object, ...]:
        """What makes two rows the same price, whatever version they stand in."""
        return (tuple(sorted(self.match)), *self.amounts)

    def covers(self, dims: Dims) -> bool:
        """Say whether values meet every condition of the row."""
        return set(self.match) <= set(dims)


@dataclass(frozen=True, slots=True)
class Charge:
    """A product's use of a metric, with the price rows in force in one currency.

    ``free_units`` are those of this period. ``position``: what its counters accumulated before the period. ``by_time``:
    a new price row shares the period's quantity by time. Of charges with one ``highest_of`` only the dearest is billed.
    ``rate`` turns the unit of its prices (``pricing_unit``, if it is no currency) into the currency.
    ``rounds_as_one``: its lines share one rounding.
    ``allowed``: more free units of a full period, each with the share of it (0 to 1) for which they count.
    """

    product: str
    name: str
    tax_category: str
    metric: MetricTerms
    currency: str
    prices: tuple[Price, ...]
    tier_reset: Reset = Reset.BILLING_PERIOD
    flat_at_zero: bool = False
    key: str = ""
    tags: frozenset[str] = frozenset()
    free_units: Decimal = ZERO
    tier_by: tuple[str, ...] = ()
    position: Decimal = ZERO
    by_time: bool = False
    highest_of: str = ""
    windowed: Windowed | None = None
    rate: Decimal = ONE
    rounds_as_one: bool = False
    allowed: tuple[tuple[Decimal, tuple[int, int]], ...] = ()
    pricing_unit: str = ""

    @property
    def slot(self) -> str:
        """What tells charges of one product and metric apart."""
        return self.key or self.product

    def free_in(self, served: tuple[int, int]) -> Fraction:
        """Give the free units of a period of which this share is served."""
        more = (Fraction(units) * Fraction(*share) for units, share in self.allowed)
        return Fraction(self.free_units) * Fraction(*served) + sum(more, Fraction(0))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the period in which the terms don't change."""

    period: Period
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Earlier(Segment):
    """Time before the period from whose usage counters go on; its charges, without price rows, are those that do.

    It is a part of one full billing period of a contract, ``whole``, of which ``served`` is the share that was served.
    """

    contract: str
    whole: Period
    served: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class FeeSpan:
    """Days of a fee's period in which price and quantity stand; ``weight`` is their share of the full period."""

    period: Period
    quantity: Decimal
    price: Price
    weight: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fee:
    """A recurring charge of one of its periods, or a one-time one: price(quantity) × weight, span by span."""

    key: str
    product: str
    name: str
    tax_category: str
    currency: str
    period: Period
    spans: tuple[FeeSpan, ...]
    recurring: bool = True
    timing: Timing = Timing.ADVANCE
    tags: frozenset[str] = frozenset()
    rate: Decimal = ONE


@dataclass(frozen=True, slots=True)
class Terms:
    """All that is agreed for one contract and period; segments tile it in rising order.

    ``served`` is the share of the full period (0 to 1) by which minimums, maximums and free units are weighed;
    ``full_period`` the period that a stub belongs to, by whose length levels are divided. ``things``: all charges of
    the contract, also those that this period doesn't bill; empty: those of the segments, fees and composites.
    ``earlier``: in rising order; in usage rows their numbers follow those of the segments.
    """

    contract: str
    currency: str
    zone: str
    period: Period
    segments: tuple[Segment, ...]
    discounts: tuple[Discount, ...] = ()
    fees: tuple[Fee, ...] = ()
    composites: tuple[Composite, ...] = ()
    minimums: tuple[Bound, ...] = ()
    maximums: tuple[Bound, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    served: tuple[int, int] = (1, 1)
    is_threshold: bool = False
    full_period: Period | None = None
    things: tuple[Named, ...] = ()
    earlier: tuple[Earlier, ...] = ()
