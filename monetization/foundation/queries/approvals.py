"""Who must still decide what: policies, decisions and requests as the rules want to see them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db.models import QuerySet

from monetization.foundation.models import ChangeItem, ChangeRequest, Decision, Environment, Policy, User
from monetization.foundation.queries.people import roles_of, sees_all_customers
from monetization.foundation.queries.subjects import subject_of
from monetization.foundation.rules import approvals as rules
from monetization.foundation.rules.approvals import PolicyRule, RequestStatus, Requirement, Verdict
from monetization.foundation.rules.audit import instant_text
from monetization.foundation.rules.roles import Role
from monetization.values.canonical import digest

Missing = tuple[tuple[Role, int], ...]
Said = Mapping[tuple[str, bytes], list[Decision]]
INBOX_LIMIT = 200
ABOUT_CUSTOMERS = ("contract", "credit")


def requests_for(user: User, environment: Environment) -> QuerySet[ChangeRequest]:
    """Return the requests that a member of staff may see: without every customer, none that names one."""
    every = ChangeRequest.objects.filter(environment=environment)
    return every if sees_all_customers(user) else every.exclude(kind__in=ABOUT_CUSTOMERS)


def policy_rules(environment: Environment, kind: str | None = None) -> dict[str, list[PolicyRule]]:
    """Return the active policies of an environment by kind, in two queries."""
    found: dict[str, list[PolicyRule]] = {}
    active = Policy.objects.filter(environment=environment, is_active=True).prefetch_related("roles")
    for policy in active if kind is None else active.filter(kind=kind):
        roles = tuple((Role(row.role), row.how_many) for row in policy.roles.all())
        rule = PolicyRule(policy.name, policy.operator, policy.fact, policy.bound, roles)
        found.setdefault(policy.kind, []).append(rule)
    return found


def needs(environment: Environment, kind: str, facts: Mapping[str, Decimal]) -> tuple[Requirement, ...]:
    """Return what the policies ask for; empty means that nobody can approve, not that nobody must."""
    return rules.requirements(policy_rules(environment, kind).get(kind, []), facts)


def decisions_on(subject: str, digest: bytes) -> QuerySet[Decision]:
    """Return what was said about exactly this content, oldest first."""
    return Decision.objects.filter(subject=subject, digest=digest).select_related("by")


def outstanding(
    environment: Environment, kind: str, facts: Mapping[str, Decimal], *, subject: str, digest: bytes
) -> Missing:
    """Return (role, how many are missing) for a subject's content."""
    return rules.outstanding(needs(environment, kind, facts), _approvals(decisions_on(subject, digest)))


def facts_of(item: ChangeItem) -> dict[str, Decimal]:
    """Return an item's facts as numbers again."""
    return {name: Decimal(value) for name, value in item.facts.items()}


def request_digest(request: ChangeRequest) -> bytes:
    """Return what an approval of a request binds to: its items' contents, its time, its revision."""
    return _digest(request, list(request.items.all()))


def makers_of(request: ChangeRequest) -> frozenset[int]:
    """Return everybody who made a request, so may not decide it."""
    makers = (request.owner_id, request.created_by_id, request.last_edited_by_id, request.submitted_by_id)
    return frozenset(maker for maker in makers if maker is not None)


def needs_of(request: ChangeRequest) -> tuple[Requirement, ...]:
    """Return what the policies ask for, over all items of a request."""
    return _needs(list(request.items.all()), policy_rules(request.environment, request.kind).get(request.kind, []))


def outstanding_of(request: ChangeRequest) -> Missing:
    """Return (role, how many are missing) for a request as it stands."""
    decided = decisions_on(subject_of(request), request_digest(request))
    return rules.outstanding(needs_of(request), _approvals(decided))


def outstanding_of_all(environment: Environment, requests: Iterable[ChangeRequest]) -> dict[int, Missing]:
    """Return what is missing for each submitted request by its id, in a bounded number of queries."""
    policies, listed = policy_rules(environment), list(requests)
    said = _said(listed)
    return {one.pk: _missing(one, policies.get(one.kind, []), said) for one in listed}


def waiting_for(user: User, environment: Environment) -> list[ChangeRequest]:
    """Return the submitted requests that this person may decide now, oldest first, in a bounded number of queries."""
    held = roles_of(user)
    submitted = ChangeRequest.objects.filter(environment=environment, status=RequestStatus.SUBMITTED.value)
    requests = list(
        submitted.select_related("owner", "submitted_by").prefetch_related("items").order_by("pk")[:INBOX_LIMIT]
    )
    if not held or not requests:
        return []
    policies = policy_rules(environment)
    said = _said(requests)
    return [one for one in requests if _may_decide(user, held, one, policies.get(one.kind, []), said)]


def _said(requests: Iterable[ChangeRequest]) -> Said:
    said: dict[tuple[str, bytes], list[Decision]] = {}
    for decision in Decision.objects.filter(subject__in=[subject_of(request) for request in requests]):
        said.setdefault((decision.subject, bytes(decision.digest)), []).append(decision)
    return said


def _missing(request: ChangeRequest, policies: list[PolicyRule], said: Said) -> Missing:
    items = list(request.items.all())
    decided = said.get((subject_of(request), _digest(request, items)), [])
    return rules.outstanding(_needs(items, policies), _approvals(decided))


def _may_decide(
    user: User,
    held: frozenset[Role],
    request: ChangeRequest,
    policies: list[PolicyRule],
    said: Said,
) -> bool:
    items = list(request.items.all())
    decided = said.get((subject_of(request), _digest(request, items)), [])
    if user.pk in makers_of(request) or any(decision.by_id == user.pk for decision in decided):
        return False
    missing = rules.outstanding(_needs(items, policies), _approvals(decided))
    return any(role in held for role, _ in missing)


def _needs(items: Iterable[ChangeItem], policies: list[PolicyRule]) -> tuple[Requirement, ...]:
    found = [one for item in items for one in rules.requirements(policies, facts_of(item))]
    return tuple(dict.fromkeys(found))


def _digest(request: ChangeRequest, items: Iterable[ChangeItem]) -> bytes:
    return digest(
        {
            "items": [
                {"subject": i.subject, "digest": bytes(i.digest).hex() if i.digest else None, "facts": i.facts}
                for i in sorted(items, key=lambda item: item.subject)
            ],
            "effective_at": instant_text(request.effective_at) if request.effective_at else None,
            "revision": request.revision,
        }
    )


def _approvals(decisions: Iterable[Decision]) -> list[Role]:
    return [Role(one.role) for one in decisions if one.verdict == Verdict.APPROVE.value]
