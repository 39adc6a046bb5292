"""Who holds which role, which customers somebody sees, and which account an event's subject means.

A sales person sees only customers granted one by one; every other reading role sees all of the environment.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from monetization.foundation.models import Account, AccountAlias, Customer, Environment, User
from monetization.foundation.rules.roles import ABILITIES, Role

READS = frozenset(role for role, able in ABILITIES.items() if "foundation.read" in able)


def roles_of(user: User) -> frozenset[Role]:
    """Return the roles that an active member of staff holds now."""
    if not (user.is_active and user.is_staff):
        return frozenset()
    return frozenset(Role(role) for role in user.role_grants.values_list("role", flat=True))


def sees_all_customers(user: User) -> bool:
    """Say whether somebody sees every customer, not only those granted to them."""
    return (user.is_active and user.is_superuser) or bool(roles_of(user) & (READS - {Role.SALES}))


def customers_for(user: User, environment: Environment) -> QuerySet[Customer]:
    """Return the customers of an environment that a member of staff may see; nobody else sees any."""
    every = Customer.objects.filter(environment=environment)
    if sees_all_customers(user):
        return every
    if Role.SALES not in roles_of(user):
        return every.none()
    granted: QuerySet[Customer] = get_objects_for_user(
        user, "foundation.view_customer", every, accept_global_perms=False
    )
    return granted


def accounts_for(user: User, environment: Environment) -> QuerySet[Account]:
    """Return the accounts of the customers that a member of staff may see."""
    every = Account.objects.filter(environment=environment)
    if sees_all_customers(user):
        return every
    return every.filter(customer__in=customers_for(user, environment))


def accounts_by_subject(
    environment_id: int, subjects: Iterable[tuple[str, datetime]]
) -> dict[tuple[str, datetime], int]:
    """Return the account's id of each (subject, time) that is known, by its key or an alias of that time.

    Two queries however many subjects; an account's own key wins (no alias may equal one).
    """
    asked = set(subjects)
    names = {name for name, _ in asked}
    by_key = dict(Account.objects.filter(environment_id=environment_id, key__in=names).values_list("key", "pk"))
    dated: dict[str, list[tuple[datetime | None, datetime | None, int]]] = {}
    aliases = AccountAlias.objects.filter(environment_id=environment_id, alias__in=names - by_key.keys())
    for alias, starts_at, ends_at, account_id in aliases.values_list("alias", "starts_at", "ends_at", "account_id"):
        dated.setdefault(alias, []).append((starts_at, ends_at, account_id))
    found = {(name, at): by_key.get(name) or _of_alias(dated.get(name, []), at) for name, at in asked}
    return {subject: account for subject, account in found.items() if account is not None}


def _of_alias(spans: list[tuple[datetime | None, datetime | None, int]], at: datetime) -> int | None:
    for starts_at, ends_at, account_id in spans:
        if (starts_at is None or starts_at <= at) and (ends_at is None or at < ends_at):
            return account_id
    return None
