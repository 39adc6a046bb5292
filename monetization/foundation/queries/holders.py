"""Who could decide: the people of a role, without those who may not."""

from collections.abc import Collection

from monetization.foundation.models import User
from monetization.foundation.rules.roles import Role

MOST = 200


def holders(roles: Collection[Role], without: Collection[int] = ()) -> dict[Role, list[User]]:
    """List the active staff of each role by name, without some."""
    found: dict[Role, list[User]] = {role: [] for role in roles}
    rows = User.objects.filter(is_active=True, is_staff=True, role_grants__role__in=[role.value for role in found])
    named = rows.exclude(pk__in=without).order_by("name", "pk").values_list("pk", "role_grants__role").distinct()[:MOST]
    people = User.objects.in_bulk([pk for pk, _ in named])
    for pk, role in named:
        found[Role(role)].append(people[pk])
    return found
