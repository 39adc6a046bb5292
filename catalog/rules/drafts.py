"""What somebody wants a version to say, before it is a row: from forms, the API and imports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from catalog.rules.terms import (
    Again,
    Aggregation,
    Dimension,
    Filter,
    Measure,
    MetricTerms,
    PriceModel,
    Rounding,
    Tier,
    Window,
)

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class PriceDraft:
    """A price row to be written. PER_UNIT has one open tier; a dimension left out of `match` is any."""

    currency: str
    match: Mapping[str, str]
    tiers: tuple[Tier, ...]
    model: PriceModel = PriceModel.PER_UNIT


@dataclass(frozen=True, slots=True)
class ChargeDraft:
    """A product on a card, with its metric (both by key) and its price rows."""

    product: str
    metric: str
    prices: tuple[PriceDraft, ...]


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


def tiers_of(unit_price: Decimal | None, tiers: tuple[Tier, ...] | None) -> tuple[Tier, ...]:
    """Give the tiers of a price: those named, or one open tier for a price per unit."""
    if tiers:
        return tuple(tiers)
    return (Tier(unit_price=unit_price),) if unit_price is not None else ()


def model_of(tiers: tuple[Tier, ...], model: PriceModel | None = None) -> PriceModel:
    """Give the price model that was named, else the one that the tiers look like."""
    if model is not None:
        return model
    single = len(tiers) <= 1 and not any(tier.up_to is not None or tier.flat_fee for tier in tiers)
    return PriceModel.PER_UNIT if single else PriceModel.GRADUATED
