"""Find the account of somebody who may be new, or make it with its customer. What is known is never changed here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from monetization.foundation.actions import customers
from monetization.foundation.models import Account, Customer, Environment, User
from monetization.foundation.queries import accounts_for, customers_for
from monetization.foundation.rules.countries import COUNTRIES
from monetization.foundation.rules.newcomers import Newcomer
from monetization.values.errors import Conflict, DomainError, Invalid, NotFound, refuse_if
from monetization.values.periods import zone_of

NEEDED = ("name", "time_zone", "country")


@transaction.atomic
def account_for(*, environment: Environment, newcomer: Newcomer, by: User, at: datetime) -> Account:
    """Give the account with this key; make it, and its customer, where it is new. Raises Conflict where one differs."""
    known = Account.objects.filter(environment=environment, key=newcomer.key).select_related("customer").first()
    if known is not None:
        if not accounts_for(by, environment).filter(pk=known.pk).exists():
            raise NotFound("There is no such account.", field="account.key")
        refuse_if(_differs(known, newcomer.details, "account"))
        if newcomer.customer.get("key", known.customer.key) != known.customer.key:
            raise Conflict(f"This account is {known.customer}'s", field="customer.key", fix="Leave the customer out")
        refuse_if(_differs(known.customer, newcomer.customer, "customer"))
        return known
    refuse_if(_missing(newcomer))
    customer = _customer(environment, newcomer.customer, by, at)
    details: dict[str, Any] = dict(newcomer.details)
    return customers.create_account(customer=customer, key=newcomer.key, by=by, at=at, **details)


def _customer(environment: Environment, said: Mapping[str, str], by: User, at: datetime) -> Customer:
    known = Customer.objects.filter(environment=environment, key=said["key"]).first()
    if known is None:
        return customers.create_customer(environment=environment, by=by, at=at, **said)
    if not customers_for(by, environment).filter(pk=known.pk).exists():
        raise NotFound("There is no such customer.", field="customer.key")
    refuse_if(_differs(known, said, "customer"))
    return known


def _differs(row: models.Model, said: Mapping[str, str], what: str) -> list[DomainError]:
    return [
        Conflict(f"This {what} has another {field.replace('_', ' ')}", field=f"{what}.{field}",
                 fix=f"Leave it out; what is known is changed at /{what}s")
        for field, value in said.items()
        if getattr(row, field) != value
    ]  # fmt: skip


def _missing(newcomer: Newcomer) -> list[DomainError]:
    """List what a new account lacks: without a country nobody could say its tax."""
    found: list[DomainError] = [
        Invalid("A new account needs this", field=f"account.{name}", fix="Give it, or name an account that exists")
        for name in NEEDED
        if not newcomer.details.get(name)
    ]
    if not newcomer.customer.get("key"):
        found.append(Invalid("A new account has a customer", field="customer.key", fix="Name one, or a new one"))
    elif not newcomer.customer.get("name"):
        found.append(Invalid("It needs a name", field="customer.name", fix="Give the company's name"))
    country = newcomer.details.get("country")
    if country and country not in COUNTRIES:
        fix = "Use ISO 3166-1 alpha-2, such as DE"
        found.append(Invalid(f"“{country}” is no country", field="account.country", fix=fix))
    try:
        zone_of(newcomer.details.get("time_zone") or "UTC")
    except Invalid as error:
        found.append(Invalid(error.message, field="account.time_zone", fix=error.fix))
    return found
