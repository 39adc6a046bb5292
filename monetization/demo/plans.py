"""Two plans for those who sign up by themselves, and somebody who did a few days ago and is still on trial."""

from datetime import date, datetime, timedelta
from typing import Any

from billing.actions.signups import sign_up
from catalog.actions import plans
from catalog.models import Charge, Plan, RateCard
from monetization.demo.catalog import approve
from monetization.demo.opening import Company
from monetization.foundation.rules.newcomers import Newcomer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PICO = Newcomer(
    "pico",
    {
        "name": "Pico Labs Oy", "time_zone": "Europe/Helsinki", "country": "FI", "street": "Aleksanterinkatu 15",
        "postal_code": "00100", "city": "Helsinki", "tax_id": "FI20774740", "billing_email": "accounts@pico.example",
    },
    {"key": "pico", "name": "Pico Labs Oy", "segment": "startup"},
)  # fmt: skip


def sell_plans(company: Company, card: RateCard, effective: date, at: datetime) -> dict[str, Plan]:
    """Write both plans and have them approved."""
    charge = Charge.objects.filter(version__rate_card=card).select_related("product", "metric").order_by("pk")[0]
    packed = {"starter": _starter(charge), "growth": _growth(charge)}
    return {key: _plan(company, card, key, content, effective, at) for key, content in packed.items()}


def sign_up_pico(company: Company, plan: Plan, now: datetime) -> None:
    """Let a young company sign up for the starter plan; its trial still runs."""
    sign_up(environment=company.live, plan=plan, newcomer=PICO, currency="EUR", by=company["rosa"], at=now - 5 * DAY)


def _plan(company: Company, card: RateCard, key: str, content: dict[str, Any], effective: date, at: datetime) -> Plan:
    mia = company["mia"]
    plan = plans.create(
        environment=company.live, key=key, name=key.capitalize(), owner=mia, by=mia, at=at,
        description={"starter": "For a first project", "growth": "For products that run on it"}[key],
    )  # fmt: skip
    version = plans.draft(plan=plan, by=mia, at=at)
    columns = {"effective_date": effective, "legal_entity": company.seller, "rate_card": card}
    plans.change(version=version, content=content, columns=columns, by=mia, at=at)
    request = plans.submit(version=version, reason="Self-serve opens", by=mia, at=at)
    approve(request, company["chen"], at + HOUR)
    return plan


def _starter(charge: Charge) -> dict[str, Any]:
    product, metric = charge.product.key, charge.metric.key
    return {
        "currencies": ["EUR", "JPY", "USD"], "net_days": 14, "trial_days": 14,
        "allowances": [{"key": "free", "name": "Free tokens", "product": product, "units": "1"}],
        "limits": [{"key": "tokens", "name": "Tokens of a month", "metric": metric, "most": "200",
                    "thresholds": [80, 100]}],
    }  # fmt: skip


def _growth(charge: Charge) -> dict[str, Any]:
    product = charge.product.key
    return {
        "currencies": ["EUR", "JPY", "USD"], "anchor": "first", "term_months": 12,
        "fees": [{"key": "platform", "name": "Platform fee", "product": product,
                  "unit_price": {"EUR": "459", "JPY": "75000", "USD": "499"}}],
        "one_time": [{"key": "onboarding", "name": "Onboarding", "product": product,
                      "unit_price": {"EUR": "900", "JPY": "150000", "USD": "1000"}}],
        "grants": [{"key": "included", "name": "Included credit", "months": 12,
                    "amount": {"EUR": "1100", "JPY": "180000", "USD": "1200"}}],
        "limits": [{"key": "spend", "name": "Spend of a month", "is_hard": False, "thresholds": [80, 100],
                    "amount": {"EUR": "9000", "JPY": "1500000", "USD": "10000"}}],
    }  # fmt: skip
