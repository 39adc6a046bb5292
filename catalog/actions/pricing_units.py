"""Pricing units: what prices may be in instead of a currency. Not governed themselves; what they are worth is."""

from datetime import datetime

from django.db import transaction

from catalog.actions import governed
from catalog.actions.rights import DRAFT
from catalog.models import PricingUnit
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, User


@transaction.atomic
def create(*, environment: Environment, key: str, name: str, by: User, at: datetime, digits: int = 0) -> PricingUnit:
    """Make a pricing unit; its key is unique in the environment."""
    rows.allow(by, DRAFT)
    unit = PricingUnit(environment=environment, key=key, name=name, digits=digits, created_at=at)
    governed.create(unit, environment=environment, by=by, at=at)
    return unit


@transaction.atomic
def describe(*, unit: PricingUnit, name: str, by: User, at: datetime) -> PricingUnit:
    """Change how a pricing unit is called; its digits stay, because balances are kept with them."""
    rows.allow(by, DRAFT)
    unit = rows.lock(unit)
    before = {"name": unit.name}
    unit.name = name
    rows.check(unit)
    rows.keep(unit, by=by, at=at)
    audit.record(
        environment=unit.environment, action="pricing_unit.described", subject=unit, by=by, at=at,
        before=before, after={"name": name},
    )  # fmt: skip
    return unit
