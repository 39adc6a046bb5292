"""The governed things of "who": policies, entered in the one table when the app is loaded."""

from django.db.models import QuerySet

from monetization.foundation.models import Environment, PolicyVersion, User
from monetization.foundation.queries.governed import Kind, enter
from monetization.foundation.rules.policies import FIRST_KIND


def enter_kinds() -> None:
    """Enter policies among the kinds of governed things; called once, when the app is loaded."""
    enter("foundation.policy_version", Kind(FIRST_KIND, _facts, lambda version: version.policy.environment, _seen))


def _facts(version: PolicyVersion) -> dict[str, set[str]]:
    return {"policy_kind": {version.policy.kind}}


def _seen(user: User, environment: Environment) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.filter(policy__environment=environment)
