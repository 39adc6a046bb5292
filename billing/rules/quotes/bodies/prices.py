"""Price rows as they are sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

ZERO = Decimal(0)
ONE = Decimal(1)


Model = Literal[
    "PER_UNIT", "GRADUATED", "VOLUME", "PACKAGE", "TIERED_FLAT", "PERCENTAGE", "GRADUATED_PERCENTAGE", "DYNAMIC"
]


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
