"""What somebody wants a version to say, before it is a row: from forms, the API and imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from catalog.rules.tariffs import Tariff
from catalog.rules.terms import (
    Again,
    Aggregation,
    Dimension,
    Filter,
    Measure,
    MetricTerms,
    Reset,
    Rounding,
    Window,
)

ONE = Decimal(1)
INCREMENTS = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.TIME_WEIGHTED})


class Cut(StrEnum):
    """What a new price row does inside a period; with NONE it is as the metric's aggregation says."""

    NONE = ""
    INCREMENTS = "increments"
    BY_TIME = "by_time"
    NEXT_PERIOD = "next_period"


CUTS = {
    Cut.NONE: "as the metric counts",
    Cut.INCREMENTS: "prices what is added from then on",
    Cut.BY_TIME: "shares the quantity by time",
    Cut.NEXT_PERIOD: "waits for the next period",
}


RESETS = {
    Reset.BILLING_PERIOD: "each billing period",
    Reset.CONTRACT_TERM: "each contract",
    Reset.LIFETIME: "never",
}


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """How a charge counts, beside its prices, and the key of the unit that these are in, if it is no currency;
    see `catalog.rules.terms.Charge`.
    """

    free_units: Decimal = Decimal(0)
    flat_at_zero: bool = False
    tier_by: tuple[str, ...] = ()
    cut: Cut = Cut.NONE
    highest_of: str = ""
    rounds_as_one: bool = False
    tier_reset: Reset = Reset.BILLING_PERIOD
    pricing_unit: str = ""

    def waits(self, metric: MetricTerms) -> bool:
        """Say whether a new price row takes effect at the next period."""
        if self.cut is not Cut.NONE:
            return self.cut is Cut.NEXT_PERIOD
        if metric.window is not None and metric.again is not Again.SUM:
            return True
        return metric.aggregation not in INCREMENTS


PLAIN = ChargeTerms()


@dataclass(frozen=True, slots=True)
class PriceDraft:
    """A price row to be written; a dimension left out of `match` is any. In a pricing unit it has no currency."""

    currency: str
    match: Mapping[str, str]
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class ChargeDraft:
    """A product on a card, with its metric (both by key), its price rows and how it counts."""

    product: str
    metric: str
    prices: tuple[PriceDraft, ...]
    terms: ChargeTerms = PLAIN


@dataclass(frozen=True, slots=True)
class MetricDraft:
    """How a metric shall read events from an instant on; see `MetricTerms` for what each part means."""

    event_type: str
    aggregation: Aggregation
    unit: str
    effective_at: datetime
    measures: tuple[Measure, ...] = ()
    measure_dimension: str = ""
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    divisor: Decimal = ONE
    rounding: Rounding | None = None
    digits: int = 0
    carry: bool = False
    of_level: bool = False
    per: tuple[str, ...] = ()
    window: Window | None = None
    again: Again | None = None

    def terms(self, metric: str, number: int) -> MetricTerms:
        """Give the meaning that a version with this content would have."""
        return MetricTerms(
            metric=metric,
            version_id=0,
            number=number,
            event_type=self.event_type,
            aggregation=self.aggregation,
            measures=self.measures,
            measure_dimension=self.measure_dimension or None,
            dimensions=self.dimensions,
            filters=self.filters,
            unit=self.unit,
            divisor=self.divisor,
            rounding=self.rounding,
            digits=self.digits,
            carry=self.carry,
            of_level=self.of_level,
            per=self.per,
            window=self.window,
            again=self.again,
        )
