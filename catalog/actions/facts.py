"""The catalog's kinds of governed things, entered in the one table that policies, pages and submissions ask."""

from typing import Any

from django.db.models import QuerySet

from catalog.actions import part_errors, plan_errors, rate_cards
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, PlanVersion, RateCardVersion
from catalog.queries.facts import plain_facts
from monetization.foundation.models import Environment, User
from monetization.foundation.queries import accounts_for
from monetization.foundation.queries.governed import Kind, enter
from monetization.foundation.rules.facts import merged

COMPUTED: dict[type[Any], Any] = {
    RateCardVersion: rate_cards.facts_of,
    Contract: part_errors.facts_of,
    Amendment: lambda amendment: part_errors.facts_of(amendment.contract, amendment),
    PlanVersion: plan_errors.facts_of,
    CreditGrant: lambda grant: {"credits": grant.instrument.amount},
}


def facts_of(row: Any) -> dict[str, Any]:
    """Give everything that policies may ask about a row and that is known."""
    computed = COMPUTED.get(type(row))
    return dict(merged(computed(row) if computed else {}, plain_facts(row)))


def enter_kinds() -> None:
    """Enter them; called once, when the app is loaded."""
    enter("catalog.metric_version", Kind("metric", facts_of, lambda row: row.metric.environment, _metrics))
    enter("catalog.rate_card_version", Kind("rate_card", facts_of, lambda row: row.rate_card.environment, _cards))
    enter("catalog.plan_version", Kind("plan", facts_of, lambda row: row.plan.environment, _plans))
    enter("catalog.contract", Kind("contract", facts_of, lambda row: row.environment, _contracts))
    enter("catalog.amendment", Kind("contract", facts_of, lambda row: row.contract.environment, _amendments))
    enter("catalog.credit_grant", Kind("credit", facts_of, lambda row: row.environment, _grants))


def _metrics(user: User, environment: Environment) -> QuerySet[Any]:
    return MetricVersion.objects.filter(metric__environment=environment)


def _cards(user: User, environment: Environment) -> QuerySet[Any]:
    return RateCardVersion.objects.filter(rate_card__environment=environment)


def _plans(user: User, environment: Environment) -> QuerySet[Any]:
    return PlanVersion.objects.filter(plan__environment=environment)


def _contracts(user: User, environment: Environment) -> QuerySet[Any]:
    return Contract.objects.filter(environment=environment, account__in=accounts_for(user, environment))


def _amendments(user: User, environment: Environment) -> QuerySet[Any]:
    return Amendment.objects.filter(contract__in=_contracts(user, environment))


def _grants(user: User, environment: Environment) -> QuerySet[Any]:
    return CreditGrant.objects.filter(environment=environment, account__in=accounts_for(user, environment))
