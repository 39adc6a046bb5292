"""Policies in force, as the rules want to see them."""

from monetization.foundation.models import Environment, Policy, PolicyVersion
from monetization.foundation.rules.policies import BUILT_IN, FIRST_KIND, PolicyRule
from monetization.foundation.rules.roles import Role
from monetization.foundation.rules.versions import VersionStatus


def policy_rules(environment: Environment, kind: str | None = None) -> dict[str, list[PolicyRule]]:
    """Return the policies in force by kind, in three queries."""
    approved = PolicyVersion.objects.filter(policy__environment=environment, status=VersionStatus.APPROVED.value)
    if kind is not None:
        approved = approved.filter(policy__kind=kind)
    newest = approved.order_by("policy_id", "-number").distinct("policy_id")
    rows = newest.select_related("policy").prefetch_related("conditions", "roles")
    found: dict[str, list[PolicyRule]] = {}
    for version in sorted(rows, key=lambda row: (row.policy.kind, row.policy.name)):
        if version.applies:
            found.setdefault(version.policy.kind, []).append(rule_of(version))
    found.setdefault(FIRST_KIND, [BUILT_IN])
    return found


def rule_of(version: PolicyVersion) -> PolicyRule:
    """Return a version as a value."""
    return PolicyRule(
        version.policy.name,
        tuple(row.as_rule() for row in version.roles.all()),
        tuple(row.as_rule() for row in version.conditions.all()),
        version.deadline_hours,
        Role(version.escalate_to) if version.escalate_to else None,
        version.number,
    )


def newest_approved(policy: Policy) -> PolicyVersion | None:
    """Return what a policy asks now; None before its first approval."""
    return policy.versions.filter(status=VersionStatus.APPROVED.value).order_by("-number").first()


def is_governed(environment: Environment) -> bool:
    """Tell whether a policy about policies is in force: from then on nobody sets one without approval."""
    return policy_rules(environment, FIRST_KIND)[FIRST_KIND] != [BUILT_IN]


def content_of(version: PolicyVersion) -> dict[str, object]:
    """Return everything that a decision about a version is about."""
    return {
        "policy": version.policy.name,
        "kind": version.policy.kind,
        "number": version.number,
        "applies": version.applies,
        "conditions": [row.written() for row in version.conditions.all()],
        "roles": [[row.role, row.how_many, row.step] for row in version.roles.all()],
        "deadline_hours": version.deadline_hours,
        "escalate_to": version.escalate_to,
    }
