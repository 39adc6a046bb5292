"""The frozen shapes in which agreed terms travel from the tables to the rating.

``catalog.queries.terms_for`` fills them, ``billing.rules.rating.rate`` reads them, previews and
tests make them by hand. They hold no behaviour beyond what their own numbers mean, and no database
id other than the ``row_id``/``version_id`` that a rated line names as its source.

Dimension values travel as pairs ``(("model", "gpt-4o"), ("token_type", "input"))`` in the metric's
order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from catalog.rules.thresholds import labels
from monetization.values.periods import Period

Dims = tuple[tuple[str, str], ...]
ZERO = Decimal(0)
ONE = Decimal(1)


class PriceModel(StrEnum):
    """How a price row turns a position into an amount; ``catalog.rules.charges`` has one function
    each.
    """

    PER_UNIT = "PER_UNIT"
    GRADUATED = "GRADUATED"


class Aggregation(StrEnum):
    """How single events become one number; ``metering.rules.aggregate`` says exactly how."""

    SUM = "SUM"
    COUNT = "COUNT"
    MAX = "MAX"
    MIN = "MIN"
    LATEST = "LATEST"
    UNIQUE = "UNIQUE"
    AVERAGE = "AVERAGE"
    TIME_WEIGHTED = "TIME_WEIGHTED"

    @property
    def adds_up(self) -> bool:
        """Say whether quantities of separate spans and dimension values may simply be added."""
        return self in (Aggregation.SUM, Aggregation.COUNT)


class Window(StrEnum):
    """The stretch in which a metric is aggregated first: a UTC hour, or a day of the account's zone."""

    HOUR = "hour"
    DAY = "day"


class Again(StrEnum):
    """What is made of the values of all windows."""

    SUM = "sum"
    MAX = "max"
    AVERAGE = "average"
    P95 = "p95"


class Rounding(StrEnum):
    """Rounding of a converted quantity: ceiling, floor, or half away from zero."""

    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"


class FilterOp(StrEnum):
    """Conditions that a filter can set."""

    EXISTS = "exists"
    MISSING = "missing"
    IN = "in"
    NOT_IN = "not_in"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a price table: above the tier before (exclusive) up to ``up_to`` (inclusive; None =
    open).
    """

    up_to: Decimal | None = None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Source:
    """Where a price row stands: its card's key, the version, who owns it and what approved it."""

    card: str
    version: int
    version_id: int
    owner: str = ""
    approval: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """A price row: the literal dimension values it needs (an absent dimension is a wildcard) and
    its tiers.

    ``key`` names the row across versions of its card. PER_UNIT has one open tier without flat fee.
    """

    row_id: int
    key: str
    match: Dims
    model: PriceModel
    tiers: tuple[Tier, ...]
    source: Source

    @property
    def content(self) -> tuple[Dims, PriceModel, tuple[Tier, ...]]:
        """What makes two rows the same price, whatever version they stand in."""
        return (tuple(sorted(self.match)), self.model, self.tiers)

    def covers(self, dims: Dims) -> bool:
        """Say whether values meet every condition of the row."""
        return set(self.match) <= set(dims)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension read from an event field, as it stands or, with thresholds, as the label of its
    range.

    Thresholds are upper-inclusive bounds in rising order: with 200000 the values are ``≤200000``
    and ``>200000``. An event without the field is quarantined, unless the dimension is not
    ``required`` (value ``""`` then).
    """

    key: str
    field: str
    thresholds: tuple[Decimal, ...] = ()
    required: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The values that a thresholds dimension can take; empty where the field's own text is the
        value.
        """
        return labels(self.thresholds)


@dataclass(frozen=True, slots=True)
class Measure:
    """A field to add up, as one ``value`` of the metric's measure dimension; ``less`` fields are
    taken off.

    Fields in ``less`` that an event lacks count as 0.
    """

    field: str
    value: str | None = None
    less: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on an event field; comparisons take one decimal text in ``values``."""

    field: str
    op: FilterOp
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricTerms:
    """A version of a metric: which events count, what is read from them, and how the sum becomes a
    quantity.

    ``quantity = round(sum / divisor)`` with ``rounding`` to ``digits`` (may be negative), None =
    exact. ``carry``: LATEST starts from the value that earlier events left. ``of_level``: events of
    TIME_WEIGHTED carry readings of the level, not changes of it. ``per``: aggregate each value of
    these dimensions first and add. ``window`` and ``again``: aggregate each window, then those.
    """

    metric: str
    version_id: int
    number: int
    event_type: str
    aggregation: Aggregation
    measures: tuple[Measure, ...] = ()
    measure_dimension: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    unit: str = ""
    divisor: Decimal = ONE
    rounding: Rounding | None = None
    digits: int = 0
    carry: bool = False
    of_level: bool = False
    per: tuple[str, ...] = ()
    window: Window | None = None
    again: Again | None = None

    @property
    def adds_up(self) -> bool:
        """Say whether its quantities of separate spans and dimension values may simply be added."""
        return self.aggregation.adds_up and self.window is None

    @property
    def order(self) -> tuple[str, ...]:
        """Dimension keys in the metric's order; the measure dimension comes last."""
        keys = tuple(dimension.key for dimension in self.dimensions)
        return (*keys, self.measure_dimension) if self.measure_dimension else keys


@dataclass(frozen=True, slots=True)
class Charge:
    """A product's use of a metric, with the price rows in force in one currency."""

    product: str
    name: str
    tax_category: str
    metric: MetricTerms
    currency: str
    prices: tuple[Price, ...]
    tier_reset: str = "billing_period"
    flat_at_zero: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the period in which the terms don't change."""

    period: Period
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Discount:
    """A percentage (0 to 100) off the usage lines of some products; None = all."""

    percent: Decimal
    key: str
    name: str
    products: frozenset[str] | None = None

    def applies(self, product: str) -> bool:
        """Say whether the discount is for this product."""
        return self.products is None or product in self.products


@dataclass(frozen=True, slots=True)
class Terms:
    """All that is agreed for one contract and period; segments tile it in rising order."""

    contract: str
    currency: str
    zone: str
    period: Period
    segments: tuple[Segment, ...]
    discounts: tuple[Discount, ...] = ()


def dims_of(values: Mapping[str, str], order: Sequence[str]) -> Dims:
    """Put stored dimension values into the metric's order; keys that the order lacks follow by
    name.
    """
    known = [key for key in order if key in values]
    others = sorted(set(values) - set(known))
    return tuple((key, values[key]) for key in (*known, *others))
