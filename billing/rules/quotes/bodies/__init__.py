"""The body of a quote as it is sent: types, names and defaults; what they mean says docs/quotes.md."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from billing.rules.quotes.bodies.charges import ChargeBody, Stubs
from billing.rules.quotes.bodies.own import MultiplierBody, OverrideBody
from billing.rules.quotes.bodies.whole import BoundBody, DiscountBody, InstrumentBody, PricingUnitBody, TaxBody
from catalog.rules.overrides import Combine
from monetization.values.periods import Cadence

ZERO = Decimal(0)
ONE = Decimal(1)


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
    overrides: list[OverrideBody] = []
    multipliers: list[MultiplierBody] = []
    combine_multipliers: Combine = Combine.COMPOUND
    discounts: list[DiscountBody] = []
    minimums: list[BoundBody] = []
    maximums: list[BoundBody] = []
    instruments: list[InstrumentBody] = []
    pricing_units: list[PricingUnitBody] = []
    taxes: list[TaxBody] = []
    usage: list[EventBody] = []
    booked: Decimal = ZERO


decoder = msgspec.json.Decoder(QuoteBody)
