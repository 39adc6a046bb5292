"""Requests and what was said about their content; what an approval binds to, who made it, whom policies ask."""

from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from monetization.foundation.models import ChangeItem, ChangeRequest, Decision, Environment, User
from monetization.foundation.queries.people import sees_all_customers
from monetization.foundation.queries.policies import policy_rules
from monetization.foundation.rules import deciding
from monetization.foundation.rules import policies as rules
from monetization.foundation.rules.approvals import ROLLBACK, SEVERAL, Requirement, Verdict
from monetization.foundation.rules.audit import instant_text
from monetization.foundation.rules.deciding import Missing
from monetization.foundation.rules.facts import Fact, Facts, read
from monetization.foundation.rules.policies import PolicyRule
from monetization.foundation.rules.roles import Role
from monetization.values.canonical import digest

ABOUT_CUSTOMERS = ("contract", "credit")


def requests_for(user: User, environment: Environment) -> QuerySet[ChangeRequest]:
    """Return the requests that a member of staff may see: without every customer, none that names one."""
    every = ChangeRequest.objects.filter(environment=environment)
    if sees_all_customers(user):
        return every
    about = ChangeItem.objects.filter(kind__in=ABOUT_CUSTOMERS)
    return every.exclude(kind__in=ABOUT_CUSTOMERS).exclude(pk__in=about.values("request_id"))


def needs(environment: Environment, kind: str, facts: Facts) -> tuple[Requirement, ...]:
    """Return what the policies ask for; empty means that nobody can approve, not that nobody must."""
    return rules.requirements(policy_rules(environment, kind).get(kind, []), facts)


def decisions_on(subject: str, digest: bytes) -> QuerySet[Decision]:
    """Return what was said about exactly this content, oldest first."""
    return Decision.objects.filter(subject=subject, digest=digest).select_related("by", "in_name_of")


def outstanding(environment: Environment, kind: str, facts: Facts, *, subject: str, digest: bytes) -> Missing:
    """Return (role, how many are missing) for a subject's content."""
    return missing_after(needs(environment, kind, facts), decisions_on(subject, digest))


def missing_after(needed: Iterable[Requirement], said: Iterable[Decision]) -> Missing:
    """Return who is missing after what was said; after a green light nobody."""
    listed = list(said)
    if any(one.verdict == Verdict.GREEN_LIGHT.value for one in listed):
        return ()
    return deciding.outstanding(needed, approvals(listed))


def approvals(decisions: Iterable[Decision]) -> list[Role]:
    """Return the roles that approvals fill."""
    return [Role(one.role) for one in decisions if one.verdict == Verdict.APPROVE.value]


def facts_of(item: ChangeItem) -> dict[str, Fact]:
    """Return an item's facts as values again."""
    return read(item.facts)


def request_digest(request: ChangeRequest) -> bytes:
    """Return what an approval of a request binds to: its items' contents, its time, its revision."""
    return digest(
        {
            "items": [
                {"subject": i.subject, "digest": bytes(i.digest).hex() if i.digest else None, "facts": i.facts}
                for i in sorted(request.items.all(), key=lambda item: item.subject)
            ],
            "effective_at": instant_text(request.effective_at) if request.effective_at else None,
            "revision": request.revision,
        }
    )


def makers_of(request: ChangeRequest) -> frozenset[int]:
    """Return everybody who made a request or its content, so may not decide it."""
    named = (request.owner_id, request.created_by_id, request.last_edited_by_id, request.submitted_by_id)
    written = (maker for item in request.items.all() for maker in item.maker_ids)
    return frozenset(maker for maker in (*named, *request.editor_ids, *written) if maker is not None)


def needs_of(request: ChangeRequest) -> tuple[Requirement, ...]:
    """Return what the policies ask for, over all items of a request."""
    return needs_under(request, policies_for(request))


def policies_for(request: ChangeRequest) -> dict[str, list[PolicyRule]]:
    """Read the policies that a request's items may meet."""
    return policy_rules(request.environment, None if request.kind in (SEVERAL, ROLLBACK) else request.kind)


def needs_under(request: ChangeRequest, policies: Mapping[str, list[PolicyRule]]) -> tuple[Requirement, ...]:
    """Return the same under policies that were read already; empty where one item is such that nobody is asked."""
    each = [_needed(request, item, policies) for item in request.items.all()]
    return tuple(dict.fromkeys(one for found in each for one in found)) if all(each) else ()


def unasked_of(request: ChangeRequest) -> list[ChangeItem]:
    """List the items about which no policy asks anybody: nobody can approve a request that holds one."""
    policies = policies_for(request)
    return [item for item in request.items.all() if not _needed(request, item, policies)]


def _needed(
    request: ChangeRequest, item: ChangeItem, policies: Mapping[str, list[PolicyRule]]
) -> tuple[Requirement, ...]:
    return rules.requirements(policies.get(item.kind or request.kind, []), facts_of(item))
