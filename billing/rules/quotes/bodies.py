"""The body of a quote as it is sent: types, names and defaults; what they mean says docs/quotes.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from catalog.rules.agreed import InstrumentKind, Timing
from catalog.rules.terms import Again, Aggregation, Rounding, Window
from monetization.values.periods import Cadence

ZERO = Decimal(0)
ONE = Decimal(1)
Model = Literal[
    "PER_UNIT", "GRADUATED", "VOLUME", "PACKAGE", "TIERED_FLAT", "PERCENTAGE", "GRADUATED_PERCENTAGE", "DYNAMIC"
]
Stubs = Literal["none", "first", "last", "first_and_last"]


class TierBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A step of a price table."""

    up_to: Decimal | None = None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO
    percent: Decimal | None = None
    block_size: Decimal | None = None


class PriceBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A price row."""

    match: dict[str, str] = {}
    starts_on: str | None = None
    ends_on: str | None = None
    name: str = ""
    model: Model = "PER_UNIT"
    unit_price: Decimal | None = None
    tiers: list[TierBody] = []
    retroactive: bool = False
    package_size: Decimal | None = None
    package_price: Decimal | None = None
    rounding: Literal["up", "down", "exact"] = "up"
    percent: Decimal | None = None
    fixed_fee: Decimal = ZERO
    free_events: Decimal | None = None
    free_amount: Decimal | None = None
    minimum_fee: Decimal | None = None
    maximum_fee: Decimal | None = None
    multiplier: Decimal = ONE


class MetricBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What is counted, and how it becomes a quantity."""

    aggregation: Aggregation = Aggregation.SUM
    unit: str = ""
    dimensions: list[str] = []
    multiplier: Decimal = ONE
    divisor: Decimal = ONE
    rounding: Rounding | None = None
    digits: int = 0
    per: list[str] = []
    window: Window | None = None
    again: Again | None = None
    carry: bool = False
    of: Literal["change", "level"] = "change"


class PooledBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Free units for each unit of a recurring charge."""

    charge: str
    units: Decimal


class WindowedBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A commitment for each window."""

    window: Window
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    windows: Literal["all", "used"] = "all"


class QuantityBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A quantity from a day on."""

    date: str
    quantity: Decimal


class ScopeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Which lines are meant."""

    charges: list[str] = []
    products: list[str] = []
    tags: list[str] = []
    kinds: list[str] = []
    dimensions: dict[str, str] = {}


class ChargeBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A charge of any kind."""

    key: str
    kind: Literal["usage", "recurring", "one_time", "composite"] = "usage"
    product: str | None = None
    name: str | None = None
    tags: list[str] = []
    tax_category: str = "S"
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pricing_unit: str | None = None
    round: Literal["line", "charge"] = "line"
    metric: MetricBody = MetricBody()
    prices: list[PriceBody] = []
    free_units: Decimal = ZERO
    free_units_per: PooledBody | None = None
    flat_at_zero: bool = False
    tier_by: list[str] = []
    position: Decimal = ZERO
    cut: Literal["increments", "by_time", "next_period"] | None = None
    highest_of: str = ""
    windowed_commitment: WindowedBody | None = None
    unit_price: Decimal | None = None
    quantity: Decimal = ONE
    quantities: list[QuantityBody] = []
    cadence: Cadence | None = None
    timing: Timing = Timing.ADVANCE
    proration: Stubs | None = None
    amount: Decimal | None = None
    date: str | None = None
    percent: Decimal | None = None
    of: ScopeBody = ScopeBody()


class DiscountBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A percentage or an amount off."""

    id: str
    name: str = ""
    percent: Decimal | None = None
    amount: Decimal | None = None
    scope: ScopeBody = ScopeBody()
    starts_on: str | None = None
    remaining: Decimal | None = None
    counts_for_minimum: bool = False


class BoundBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A minimum or a maximum."""

    amount: Decimal
    scope: ScopeBody = ScopeBody()
    pricing_unit: str | None = None
    prorate: bool = True


class OwnPriceBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What units cost that an instrument covers."""

    charge: str
    match: dict[str, str] = {}
    unit_price: Decimal | None = None
    multiplier: Decimal | None = None


class InstrumentBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A commit or a credit."""

    id: str
    kind: InstrumentKind = InstrumentKind.CREDIT
    balance: Decimal
    invoiced: Decimal = ZERO
    original: Decimal | None = None
    priority: int = 0
    starts_on: str | None = None
    ends_on: str | None = None
    rolled_over: bool = False
    scope: ScopeBody = ScopeBody()
    prices: list[OwnPriceBody] = []
    pricing_unit: str | None = None
    true_up: bool = True
    tax_at: Literal["purchase", "use"] = "purchase"


class PricingUnitBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A unit of prices, and what it is worth."""

    key: str
    rate: Decimal
    digits: int = 2


class TaxBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A tax of a category."""

    category: str = "S"
    percent: Decimal


class EventBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A fact of use."""

    charge: str
    quantity: Decimal = ONE
    value: str = ""
    at: str | None = None
    dimensions: dict[str, str] = {}
    id: str | None = None
    source: str = "api"


class DaysBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Two days, both served."""

    start_date: str
    end_date: str


class CycleBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A contract's time, in periods."""

    start_date: str
    end_date: str | None = None
    cadence: Cadence = Cadence.MONTHLY
    days: int = 0
    anchor: str = "contract_day"
    until: str


class QuoteBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Terms and usage."""

    currency: str
    time_zone: str = "UTC"
    period: DaysBody | None = None
    cycle: CycleBody | None = None
    service: DaysBody | None = None
    proration: Stubs = "first_and_last"
    day_count: Literal["actual", "30"] = "actual"
    kind: Literal["USAGE", "THRESHOLD"] = "USAGE"
    charges: list[ChargeBody]
    discounts: list[DiscountBody] = []
    minimums: list[BoundBody] = []
    maximums: list[BoundBody] = []
    instruments: list[InstrumentBody] = []
    pricing_units: list[PricingUnitBody] = []
    taxes: list[TaxBody] = []
    usage: list[EventBody] = []
    booked: Decimal = ZERO


decoder = msgspec.json.Decoder(QuoteBody)
