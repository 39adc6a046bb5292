"""Charges of any kind as they are sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from billing.rules.quotes.bodies.metrics import MetricBody, PooledBody, WindowedBody
from billing.rules.quotes.bodies.prices import PriceBody
from catalog.rules.agreed import Timing
from monetization.values.periods import Cadence

ZERO = Decimal(0)
ONE = Decimal(1)


Stubs = Literal["none", "first", "last", "first_and_last"]


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
