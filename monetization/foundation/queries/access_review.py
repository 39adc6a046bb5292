"""Who may get in and do what: people with their roles and who gave them, customers' people, keys with their scopes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from monetization.foundation.models import ApiKey, Environment, Membership, RoleGrant, User
from monetization.foundation.queries.policies import policy_rules
from monetization.foundation.rules.cells import safe
from monetization.foundation.rules.duties import both_sides
from monetization.foundation.rules.roles import Role

HEAD = (
    "kind", "who", "email", "state", "holds", "granted_by", "granted_at", "last_used_at", "expires_at", "both_sides",
)  # fmt: skip
MOST = 5000


@dataclass(frozen=True, slots=True)
class Access:
    """One way in: a role or membership of a person, a person without any, or an API key."""

    kind: str
    who: str
    email: str
    state: str
    holds: str
    granted_by: str = ""
    granted_at: datetime | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    both_sides: str = ""

    def cells(self) -> list[str]:
        """Write it as a row under `HEAD`."""
        return [_cell(getattr(self, name)) for name in HEAD]


def asked_roles(environment: Environment) -> dict[str, set[Role]]:
    """Return the roles that policies in force ask, by kind."""
    return {
        kind: {one.role for rule in rules for one in rule.asked} for kind, rules in policy_rules(environment).items()
    }


def access_review(environment: Environment, at: datetime) -> list[Access]:
    """List every way in, in six queries: staff first, then customers' people, then the environment's keys."""
    grants = Prefetch("role_grants", RoleGrant.objects.select_related("granted_by").order_by("role"))
    mine = Membership.objects.filter(customer__environment=environment).select_related("customer")
    people = User.objects.prefetch_related(grants, Prefetch("memberships", mine)).order_by("-is_staff", "name", "pk")
    asked = asked_roles(environment)
    found = [each for person in people[:MOST] for each in _of_person(person, asked)]
    keys = ApiKey.objects.filter(environment=environment).select_related("owner").order_by("name", "pk")
    return [*found, *(_of_key(key, at) for key in keys[:MOST])]


def _of_person(person: User, asked: dict[str, set[Role]]) -> Iterator[Access]:
    grants: Any = person.role_grants
    held = list(grants.all())
    both = ", ".join(duty.name for duty in both_sides([Role(grant.role) for grant in held], asked))
    plain: dict[str, Any] = {
        "who": person.name, "email": person.email, "state": "active" if person.is_active else "shut out",
        "last_used_at": person.last_login, "both_sides": both,
    }  # fmt: skip
    memberships: Any = person.memberships
    for grant in held:
        giver = str(grant.granted_by) if grant.granted_by else "Meterstone"
        yield Access("role", holds=grant.role, granted_by=giver, granted_at=grant.granted_at, **plain)
    for each in memberships.all():
        yield Access("member", holds=f"{each.role} of {each.customer.key}", **plain)
    if not held and person.is_staff:
        yield Access("person", holds="", **plain)
    if person.is_superuser:
        yield Access("superuser", holds="everything but approvals of what he made", **plain)


def _of_key(key: ApiKey, at: datetime) -> Access:
    over = key.expires_at is not None and key.expires_at <= at
    state = "revoked" if key.revoked_at else "expired" if over else "active"
    return Access(
        "key", f"{key.name} ({key.prefix}…)", key.owner.email, state, " ".join(key.scopes), str(key.owner),
        key.created_at, key.last_used_at, key.expires_at,
    )  # fmt: skip


def _cell(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else safe(str(value)) if value is not None else ""
