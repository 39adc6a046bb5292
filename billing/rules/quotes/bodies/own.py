"""What a contract makes of a price list, as it is sent."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from billing.rules.quotes.bodies.charges import ScopeBody
from billing.rules.quotes.bodies.prices import PriceBody


class OverrideBody(PriceBody, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A price row of a charge that stands before its list."""

    id: str
    charge: str


class MultiplierBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A factor on list prices."""

    id: str
    factor: Decimal
    priority: int = 0
    scope: ScopeBody = ScopeBody()
    starts_on: str | None = None
    ends_on: str | None = None
