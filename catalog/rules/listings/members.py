"""The members that a catalog file may have, by section; what isn't named here is refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from catalog.rules.terms import Again, Aggregation, FilterOp, Rounding, Window

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Members(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Members of something."""


class Thing(Members, frozen=True):
    """What every thing has."""

    name: str
    description: str = ""


class ProductMembers(Thing, frozen=True):
    """A product."""

    tags: list[str] = []
    tax_category: str = "standard"


class MeasureMembers(Members, frozen=True):
    """A field that a metric reads."""

    field: str
    value: str | None = None
    less: list[str] = []


class DimensionMembers(Members, frozen=True):
    """A dimension."""

    key: str
    field: str
    thresholds: list[Decimal] = []
    required: bool = True


class FilterMembers(Members, frozen=True):
    """A condition on a field."""

    field: str
    op: FilterOp
    values: list[str] = []


class MeaningMembers(Members, frozen=True):
    """How a metric reads events."""

    event_type: str
    aggregation: Aggregation
    unit: str
    effective_at: Instant
    measures: list[MeasureMembers] = []
    measure_dimension: str = ""
    dimensions: list[DimensionMembers] = []
    filters: list[FilterMembers] = []
    divisor: Decimal = Decimal(1)
    rounding: Rounding | None = None
    digits: int = 0
    carry: bool = False
    of_level: bool = False
    per: list[str] = []
    window: Window | None = None
    again: Again | None = None


class MetricMembers(Thing, frozen=True):
    """A metric."""

    unseen_reason: str = ""
    meaning: MeaningMembers | None = None


class TierMembers(Members, frozen=True):
    """A step of a price."""

    up_to: Decimal | None = None
    unit_price: Decimal | None = None
    flat_fee: Decimal = Decimal(0)
    percent: Decimal | None = None
    block_size: Decimal | None = None


class PriceMembers(Members, frozen=True):
    """A price row, by the members of `catalog.rules.written`."""

    currency: str
    match: dict[str, str] = {}
    model: str | None = None
    unit_price: Decimal | None = None
    tiers: list[TierMembers] = []
    retroactive: bool | None = None
    package_size: Decimal | None = None
    package_price: Decimal | None = None
    rounding: Literal["up", "down", "exact"] | None = None
    percent: Decimal | None = None
    fixed_fee: Decimal | None = None
    free_events: Decimal | None = None
    free_amount: Decimal | None = None
    minimum_fee: Decimal | None = None
    maximum_fee: Decimal | None = None
    multiplier: Decimal | None = None


class ChargeMembers(Members, frozen=True):
    """A product on a card."""

    product: str
    metric: str
    free_units: Decimal = Decimal(0)
    flat_at_zero: bool = False
    tier_by: list[str] = []
    cut: Literal["", "increments", "by_time", "next_period"] = ""
    highest_of: str = ""
    round: Literal["line", "charge"] = "line"
    prices: list[PriceMembers] = []


class CardMembers(Thing, frozen=True):
    """A rate card."""

    effective_date: date | None = None
    effective_at: Instant | None = None
    notes: str = ""
    charges: list[ChargeMembers] | None = None


class PlanMembers(Thing, frozen=True):
    """A plan; its package is read by the types of docs/plans.md."""

    effective_date: date | None = None
    legal_entity: str | None = None
    rate_card: str | None = None
    pinned_version: int | None = None
    notes: str = ""
    package: dict[str, Any] | None = None
