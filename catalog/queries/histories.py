"""Whose history can be told: a thing of the catalog or of a customer with all that belongs to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from catalog.models import (
    Amendment,
    Contract,
    Metric,
    MetricVersion,
    Plan,
    PlanVersion,
    Product,
    RateCard,
    RateCardVersion,
)
from monetization.foundation.models import Environment, Policy, PolicyVersion, User
from monetization.foundation.queries import accounts_for, customers_for
from monetization.values.errors import NotFound

MOST = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing: those that a person may see, what belongs to one, and its page."""

    seen: Callable[[User, Environment], QuerySet[Any]]
    parts: Callable[[Any], tuple[QuerySet[Any], ...]]
    page: str


def thing(kind: str, pk: int, user: User, environment: Environment) -> tuple[Model, list[Model]]:
    """Find a thing that somebody may see, and it with all that belongs to it, newest first. Raises NotFound."""
    known = KINDS.get(kind)
    row = known.seen(user, environment).filter(pk=pk).first() if known is not None else None
    if known is None or row is None:
        raise NotFound("There is no such thing")
    parts = (part for some in known.parts(row) for part in some.order_by("-pk")[:MOST])
    return row, [row, *parts]


def _here(model: type[Model], path: str = "environment") -> Callable[[User, Environment], QuerySet[Any]]:
    return lambda user, environment: model._default_manager.filter(**{path: environment})


def _versions(row: Any) -> tuple[QuerySet[Any], ...]:
    return (row.versions.all(),)


def _alone(row: Any) -> tuple[QuerySet[Any], ...]:
    return ()


def _contracts(user: User, environment: Environment) -> QuerySet[Contract]:
    return Contract.objects.filter(environment=environment, account__in=accounts_for(user, environment))


def _amendments(user: User, environment: Environment) -> QuerySet[Amendment]:
    return Amendment.objects.filter(contract__in=_contracts(user, environment))


def _of_account(row: Any) -> tuple[QuerySet[Any], ...]:
    mine = Contract.objects.filter(account=row)
    return row.aliases.all(), mine, Amendment.objects.filter(contract__in=mine).select_related("contract")


KINDS: Mapping[str, Kind] = {
    "account": Kind(accounts_for, _of_account, "account"),
    "customer": Kind(customers_for, lambda row: (row.accounts.all(),), "foundation_customer_change"),
    "product": Kind(_here(Product), _alone, "catalog_product_change"),
    "metric": Kind(_here(Metric), _versions, "metric"),
    "metric-version": Kind(_here(MetricVersion, "metric__environment"), _alone, "metric_version"),
    "rate-card": Kind(_here(RateCard), _versions, "rate_card"),
    "rate-card-version": Kind(_here(RateCardVersion, "rate_card__environment"), _alone, "rate_card_version"),
    "plan": Kind(_here(Plan), _versions, "plan"),
    "plan-version": Kind(_here(PlanVersion, "plan__environment"), _alone, "plan_version"),
    "contract": Kind(_contracts, lambda row: (row.amendments.all(),), "contract"),
    "amendment": Kind(_amendments, _alone, "amendment"),
    "policy": Kind(_here(Policy), _versions, "policy"),
    "policy-version": Kind(_here(PolicyVersion, "policy__environment"), _alone, "policy_version"),
}
