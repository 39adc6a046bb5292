"""Plans as tests sell them, by the product's own actions: mia drafts and submits, chen approves, rosa signs up."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from billing.actions.signups import SignUp, sign_up
from catalog.actions import plans
from catalog.models import Plan, PlanVersion, RateCard
from monetization.foundation.rules.newcomers import Newcomer
from tests import deals, priced
from tests.make import AT, World

STARTER: dict[str, Any] = {
    "currencies": ["EUR", "JPY"],
    "anchor": "contract_day",
    "net_days": 14,
    "trial_days": 14,
    "fees": [{"key": "platform", "name": "Platform fee", "product": "inference",
              "unit_price": {"EUR": "49", "JPY": "7500"}}],
    "one_time": [{"key": "setup", "name": "Set-up", "product": "inference",
                  "unit_price": {"EUR": "99", "JPY": "15000"}}],
    "allowances": [{"key": "free", "name": "Free tokens", "product": "inference", "units": "2"}],
    "limits": [{"key": "tokens", "name": "Tokens of a month", "metric": "llm-tokens", "most": "500",
                "thresholds": [80, 100]}],
    "grants": [{"key": "welcome", "name": "Welcome credit", "amount": {"EUR": "10", "JPY": "1500"}, "months": 3}],
}  # fmt: skip
FRESH = Newcomer(
    "fresh",
    {"name": "Fresh Foods GmbH", "time_zone": "Europe/Berlin", "country": "DE"},
    {"key": "fresh", "name": "Fresh Foods"},
)


def plan(world: World, key: str = "starter") -> Plan:
    """Make a plan without a version, on card `list`."""
    if not RateCard.objects.filter(key="list").exists():
        priced.list_card(world)
    return plans.create(environment=world.live, key=key, name=key.capitalize(), owner=world.mia, by=world.mia, at=AT)


def draft(
    world: World, of: Plan, content: Mapping[str, Any] = STARTER, *, day: date = date(2026, 1, 1), at: datetime = AT
) -> PlanVersion:
    """Draft a version on list prices, sold by the GmbH."""
    version = plans.draft(plan=of, by=world.mia, at=at)
    plans.edit(
        version=version, effective_date=day, legal_entity=world.seller, rate_card=RateCard.objects.get(key="list"),
        by=world.mia, at=at,
    )  # fmt: skip
    return plans.write(version=version, content=content, by=world.mia, at=at)


def approved(world: World, version: PlanVersion, *, at: datetime = AT) -> PlanVersion:
    """Submit a draft by mia and approve it by chen."""
    request = plans.submit(version=version, reason="Launch", by=world.mia, at=at)
    deals.approve(request, world.chen, at=at)
    version.refresh_from_db()
    return version


def starter(world: World, **changes: Any) -> PlanVersion:
    """Sell the starter plan from 1 January 2026, with some members of its package changed."""
    return approved(world, draft(world, plan(world), STARTER | changes))


def signed_up(world: World, of: Plan, *, at: datetime, newcomer: Newcomer = FRESH, **more: Any) -> SignUp:
    """Let rosa's service sign somebody up in EUR."""
    said = {"currency": "EUR", "by": world.rosa} | more
    return sign_up(environment=world.live, plan=of, newcomer=newcomer, at=at, **said)
