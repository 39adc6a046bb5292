"""A contract's own prices and multipliers: parts of its draft as those in `agreed` are.

What they are checked against is the list that prices the contract from its first day on, or now.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import parts
from catalog.actions.own_errors import multiplier_errors, override_errors
from catalog.actions.part_errors import first_day, outside
from catalog.actions.tariff_columns import numbers_of, steps_of, without_any
from catalog.models import Amendment, Contract, OverrideTier, PriceMultiplier, PriceOverride, Product
from catalog.rules.tariffs import Tariff
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import DomainError, refuse_if


@transaction.atomic
def add_override(
    *,
    contract: Contract,
    key: str,
    name: str,
    product: Product,
    tariff: Tariff,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
    match: Mapping[str, str] | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
) -> PriceOverride:
    """Agree a price before the list's; without dates it stands as long as the contract serves."""
    contract = parts.draft(contract, by, amendment)
    override = PriceOverride(
        contract=contract, amendment=amendment, key=key, name=name, product=product, match=without_any(match or {}),
        start_date=start_date or first_day(contract, amendment), end_date=end_date, **numbers_of(tariff),
    )  # fmt: skip
    refuse_if(_outside(contract, override, amendment))
    refuse_if(override_errors(contract, override, tariff, at))
    parts.add(contract, override, by=by, at=at, amendment=amendment)
    for numbers in steps_of(tariff):
        tier = OverrideTier(override=override, **numbers)
        rows.check(tier)
        rows.keep(tier, by=by, at=at)
    return override


@transaction.atomic
def add_multiplier(
    *,
    contract: Contract,
    key: str,
    name: str,
    factor: Decimal,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
    priority: int = 0,
    products: Sequence[Product] = (),
    tags: Sequence[str] = (),
    match: Mapping[str, str] | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
) -> PriceMultiplier:
    """Agree a factor on list prices; without a scope on all of them, without dates as long as the contract serves."""
    contract = parts.draft(contract, by, amendment)
    multiplier = PriceMultiplier(
        contract=contract, key=key, name=name, factor=factor, priority=priority, tags=list(tags),
        match=without_any(match or {}), start_date=start_date or first_day(contract, amendment), end_date=end_date,
    )  # fmt: skip
    refuse_if(_outside(contract, multiplier, amendment))
    refuse_if(multiplier_errors(contract, multiplier, products, at))
    return parts.add(contract, multiplier, products, by=by, at=at, amendment=amendment)


def _outside(
    contract: Contract, row: PriceOverride | PriceMultiplier, amendment: Amendment | None
) -> list[DomainError]:
    days = [("start_date", row.start_date), ("end_date", row.end_date)]
    return list(outside(contract, days, amendment=amendment))
