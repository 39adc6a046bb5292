"""Who holds which role, which customers somebody sees, and which account an event's subject means.

A sales person sees only customers granted one by one; every other reading role sees all of the environment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from monetization.foundation.models import Account, AccountAlias, Customer, Environment, User
from monetization.foundation.rules.roles import ABILITIES, Role

BY_KEY = "SELECT key, id FROM foundation_account WHERE environment_id = %s AND key = ANY(string_to_array(%s, E'\\n'))"
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


@dataclass(frozen=True, slots=True)
class Named:
    """Accounts that are meant by some names: by their own key, which wins, or by an alias of a time."""

    by_key: Mapping[str, int]
    aliases: Mapping[str, Sequence[tuple[datetime | None, datetime | None, int]]]

    def ids(self) -> set[int]:
        """Give all of them."""
        return {*self.by_key.values(), *(pk for spans in self.aliases.values() for _, _, pk in spans)}

    def of_alias(self, name: str, at: datetime) -> int:
        """Give the account that an alias means at a time; 0 where there is none."""
        for starts_at, ends_at, account_id in self.aliases.get(name, ()):
            if (starts_at is None or starts_at <= at) and (ends_at is None or at < ends_at):
                return account_id
        return 0


def accounts_named(environment_id: int, names: Collection[str]) -> Named:
    """Find the accounts that names mean, by key or alias (no alias may equal a key), in two queries."""
    with connection.cursor() as cursor:  # thousands of names as one text, which no key's letters can break
        cursor.execute(BY_KEY, [environment_id, "\n".join(names)])
        by_key = dict(cursor.fetchall())
    aliases: dict[str, list[tuple[datetime | None, datetime | None, int]]] = {}
    others = [name for name in names if name not in by_key]
    if others:
        found = AccountAlias.objects.filter(environment_id=environment_id, alias__in=others)
        for alias, starts_at, ends_at, account_id in found.values_list("alias", "starts_at", "ends_at", "account_id"):
            aliases.setdefault(alias, []).append((starts_at, ends_at, account_id))
    return Named(by_key, aliases)
