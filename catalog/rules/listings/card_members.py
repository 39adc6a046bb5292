"""The members of rate cards in a catalog file; what isn't named here is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from catalog.rules.listings.members import Instant, Members, Thing


class TierMembers(Members, frozen=True):
    """A step of a price."""

    up_to: Decimal | None = None
    unit_price: Decimal | None = None
    flat_fee: Decimal = Decimal(0)
    percent: Decimal | None = None
    block_size: Decimal | None = None


class PriceMembers(Members, frozen=True):
    """A price row, by the members of `catalog.rules.written`; in a pricing unit it has no currency."""

    currency: str = ""
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
    tier_reset: Literal["billing_period", "contract_term", "lifetime"] = "billing_period"
    pricing_unit: str = ""
    prices: list[PriceMembers] = []


class CardMembers(Thing, frozen=True):
    """A rate card."""

    effective_date: date | None = None
    effective_at: Instant | None = None
    notes: str = ""
    charges: list[ChargeMembers] | None = None
