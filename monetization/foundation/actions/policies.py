"""Make policies: who must approve a kind of thing, when a condition on its facts holds."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, Policy, PolicyRole, User
from monetization.foundation.rules.roles import ABILITIES, DECIDE, Role
from monetization.values.errors import Invalid, refuse_if


@transaction.atomic
def create_policy(
    *,
    environment: Environment,
    kind: str,
    name: str,
    roles: Mapping[Role, int],
    by: User | None,
    at: datetime,
    operator: str = Policy.Operator.ALWAYS,
    fact: str = "",
    bound: Decimal | None = None,
) -> Policy:
    """Make a policy; `roles` says how many people of each role must agree, each a role that decides."""
    rows.allow(by, "foundation.draft_policy")
    _guard_roles(roles)
    policy = Policy(environment=environment, kind=kind, name=name, operator=operator, fact=fact, bound=bound)
    rows.check(policy)
    rows.keep(policy, by=by, at=at)
    asked = [PolicyRole(policy=policy, role=role.value, how_many=how_many) for role, how_many in roles.items()]
    PolicyRole.objects.bulk_create(asked)
    after = {
        "kind": kind, "operator": operator, "fact": fact, "bound": bound,
        "roles": {role.value: how_many for role, how_many in roles.items()},
    }  # fmt: skip
    audit.record(environment=environment, action="policy.created", subject=policy, by=by, at=at, after=after)
    return policy


@transaction.atomic
def end_policy(*, policy: Policy, by: User | None, at: datetime, reason: str = "") -> Policy:
    """Let a policy apply no more."""
    rows.allow(by, "foundation.draft_policy")
    policy = rows.lock(policy)
    policy.is_active = False
    rows.keep(policy, by=by, at=at, reason=reason)
    audit.record(environment=policy.environment, action="policy.ended", subject=policy, by=by, at=at, reason=reason)
    return policy


def _guard_roles(roles: Mapping[Role, int]) -> None:
    if not roles:
        raise Invalid("A policy asks somebody", field="roles", fix="Name a role and how many people of it")
    refuse_if(
        Invalid(f"{role.label} cannot decide", field="roles", fix="Choose a role that decides")
        for role in roles
        if DECIDE - ABILITIES[role]
    )
    refuse_if(
        Invalid("At least one person of a role", field="roles", fix="Give a number from 1")
        for how_many in roles.values()
        if how_many < 1
    )
