"""Pricing units of a quote."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.whole import PricingUnitBody
from monetization.values.errors import Invalid


def rates(body: QuoteBody) -> Mapping[str, PricingUnitBody]:
    """Give the pricing units by key."""
    return {unit.key: unit for unit in body.pricing_units}


def rate_of(key: str | None, units: Mapping[str, PricingUnitBody], field: str) -> Decimal:
    """Give what a unit of prices is worth. Raises Invalid for one that isn't there."""
    if key is None:
        return Decimal(1)
    if key not in units:
        raise Invalid(f"“{key}” is no pricing unit here", field=f"{field}.pricing_unit", fix="Add it to pricing_units")
    return units[key].rate
