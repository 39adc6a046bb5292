"""What stands on the whole of a quote, as it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from billing.rules.quotes.bodies.charges import ScopeBody
from catalog.rules.agreed import InstrumentKind

ZERO = Decimal(0)


class DiscountBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A percentage or an amount off."""

    id: str
    name: str = ""
    percent: Decimal | None = None
    amount: Decimal | None = None
    scope: ScopeBody = ScopeBody()
    starts_on: str | None = None
    remaining: Decimal | None = None
    periods: int | None = None
    carry_rest: bool = False
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


class TaxBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A tax of a category."""

    category: str = "S"
    percent: Decimal
