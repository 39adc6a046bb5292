"""How a charge counts, as its columns; the pricing unit that it names by key is found first."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from catalog.models import Charge, PricingUnit, RateCardVersion
from catalog.rules.drafts import ChargeTerms
from monetization.values.errors import DomainError, Invalid, refuse_if

Units = Mapping[str, int]


def columns(terms: ChargeTerms, units: Units) -> dict[str, Any]:
    """Give a charge's columns for how it counts; ``units``: ids of pricing units by key."""
    said = asdict(terms)
    unit = said.pop("pricing_unit")
    kept = {"tier_by": list(terms.tier_by), "cut": terms.cut.value, "tier_reset": terms.tier_reset.value}
    return said | kept | {"pricing_unit_id": units[unit] if unit else None}


def units_named(version: RateCardVersion, named: Iterable[ChargeTerms]) -> Units:
    """Find the pricing units of a version's environment that charges name. Raises Invalid."""
    wanted = {each.pricing_unit for each in named} - {""}
    if not wanted:
        return {}
    found = PricingUnit.objects.filter(environment=version.rate_card.environment_id, key__in=wanted)
    units = dict(found.values_list("key", "pk"))
    refuse_if(
        Invalid(f"There is no pricing unit “{key}”", field="pricing_unit", fix="Create it first")
        for key in sorted(wanted - units.keys())
    )
    return units


def moves(charge: Charge, terms: ChargeTerms) -> Iterable[DomainError]:
    """Refuse to turn the currencies of prices into a unit, or back: the numbers would mean something else."""
    if (charge.pricing_unit_id is not None) != bool(terms.pricing_unit) and charge.prices.exists():
        message = "Its prices are in a pricing unit" if charge.pricing_unit_id else "Its prices are in currencies"
        yield Invalid(message, field="pricing_unit", fix="Take them off the card first, or put the product on anew")
