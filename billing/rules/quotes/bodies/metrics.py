"""What is counted, as it is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from catalog.rules.terms import Again, Aggregation, Rounding, Window

ONE = Decimal(1)


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
