"""Propose, decide, send back, withdraw: the life of a change request, and decisions about any other subject.

Maker is never checker: guarded here for a clear sentence and by a constraint of the database for everything else.
A decision counts only for the content that was seen, so a request's digest covers its revision, which every edit and
every return to draft raises: what was said about an earlier revision counts no more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import ChangeItem, ChangeRequest, Decision, Environment, User
from monetization.foundation.queries import decisions_on, makers_of, needs, needs_of, request_digest, subject_of
from monetization.foundation.queries.people import roles_of
from monetization.foundation.rules import approvals as rules
from monetization.foundation.rules.approvals import Item as Item
from monetization.foundation.rules.approvals import RequestStatus, Requirement, Verdict, guard_arrow, guard_maker
from monetization.foundation.rules.audit import plain
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState

Missing = tuple[tuple[Role, int], ...]
UNDECIDED = frozenset({RequestStatus.DRAFT, RequestStatus.SUBMITTED})


@transaction.atomic
def open_request(
    *,
    environment: Environment,
    kind: str,
    title: str,
    reason: str,
    items: Sequence[Item],
    effective_at: datetime | None,
    by: User,
    at: datetime,
) -> ChangeRequest:
    """Open a request in DRAFT; it names what shall change, its content may still be edited."""
    request = ChangeRequest(environment=environment, kind=kind, title=title, reason=reason, effective_at=effective_at)
    request.owner = request.created_by = request.last_edited_by = by
    request.created_at = at
    rows.check(request)
    rows.keep(request, by=by, at=at)
    _replace_items(request, items)
    after = {"title": title, "kind": kind, "items": [item.subject for item in items]}
    _record(request, "opened", by=by, at=at, after=after, reason=reason)
    return request


@transaction.atomic
def edit(
    *, request: ChangeRequest, title: str, reason: str, effective_at: datetime | None, by: User, at: datetime
) -> ChangeRequest:
    """Change a draft's words or time; whoever edits is a maker of it from now on."""
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.DRAFT}, "be edited")
    before = {"title": request.title, "effective_at": request.effective_at}
    request.title, request.reason, request.effective_at = title, reason, effective_at
    request.last_edited_by = by
    request.revision += 1
    rows.check(request)
    rows.keep(request, by=by, at=at)
    after = {"title": title, "effective_at": effective_at}
    _record(request, "edited", by=by, at=at, before=before, after=after, reason=reason)
    return request


@transaction.atomic
def submit(*, request: ChangeRequest, items: Sequence[Item], by: User, at: datetime) -> ChangeRequest:
    """Ask for decisions about a content: every item brings its digest and the facts that policies look at."""
    request = rows.lock(request)
    guard_arrow(RequestStatus(request.status), RequestStatus.SUBMITTED)
    if not items or any(item.digest is None for item in items):
        raise Invalid("A request needs something to decide about", field="items", fix="Add what shall change")
    _replace_items(request, items)
    _guard_policy(needs_of(request), request.kind)
    request.status = RequestStatus.SUBMITTED.value
    request.submitted_by, request.submitted_at = by, at
    request.revision += 1
    rows.keep(request, by=by, at=at)
    _record(request, "submitted", by=by, at=at, after={"items": [_content(item) for item in items]})
    return request


@transaction.atomic
def decide(
    *, request: ChangeRequest, verdict: Verdict, seen: bytes, by: User, at: datetime, reason: str = ""
) -> ChangeRequest:
    """Say yes, no or veto to what was seen; APPROVED when nobody is missing, REJECTED after a no.

    Raises Conflict where `seen` is not the present content, NotAllowed for makers and for roles not asked.
    """
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.SUBMITTED}, "be decided")
    digest = request_digest(request)
    missing = _decide(
        environment=request.environment, subject=subject_of(request), digest=digest, needed=needs_of(request),
        kind=request.kind, makers=makers_of(request), verdict=verdict, seen=seen, by=by, at=at, reason=reason,
    )  # fmt: skip
    if verdict is not Verdict.APPROVE:
        return _decided(request, RequestStatus.REJECTED, by=by, at=at, reason=reason)
    return request if missing else _decided(request, RequestStatus.APPROVED, by=by, at=at, reason=reason)


@transaction.atomic
def decide_subject(
    *,
    environment: Environment,
    kind: str,
    subject: str,
    digest: bytes,
    facts: Mapping[str, Decimal],
    makers: Iterable[int],
    verdict: Verdict,
    by: User,
    at: datetime,
    reason: str = "",
) -> Missing:
    """Decide about anything that its owner has locked; returns (role, how many are missing), empty = approved."""
    return _decide(
        environment=environment, subject=subject, digest=digest, needed=needs(environment, kind, facts), kind=kind,
        makers=frozenset(makers), verdict=verdict, seen=digest, by=by, at=at, reason=reason,
    )  # fmt: skip


@transaction.atomic
def send_back(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Return a submitted request to its makers for changes; decisions so far count no more."""
    request = rows.lock(request)
    guard_arrow(RequestStatus(request.status), RequestStatus.DRAFT)
    asked = {one.role for one in needs_of(request)}
    if by.pk not in makers_of(request) and not asked & roles_of(by):
        raise NotAllowed("Only those who made or who decide a request send it back.", fix="Leave it to them.")
    request.status = RequestStatus.DRAFT.value
    request.revision += 1
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, "sent_back", by=by, at=at, reason=reason)
    return request


@transaction.atomic
def withdraw(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Give up a request that is not decided yet; only its makers or a head of monetization."""
    request = rows.lock(request)
    _guard_status(request, UNDECIDED, "be withdrawn")
    if by.pk not in makers_of(request) and Role.HEAD not in roles_of(by):
        raise NotAllowed("Only its makers withdraw a request.", fix="Reject it, if you were asked to decide.")
    request.status = RequestStatus.WITHDRAWN.value
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, "withdrawn", by=by, at=at, reason=reason)
    return request


@transaction.atomic
def go_live(*, request: ChangeRequest, by: User | None, at: datetime) -> ChangeRequest:
    """Move an approved request on: SCHEDULED until its time, LIVE from then. Safe to repeat."""
    request = rows.lock(request)
    now = RequestStatus(request.status)
    waits = request.effective_at is not None and request.effective_at > at
    then = RequestStatus.SCHEDULED if waits else RequestStatus.LIVE
    if now is then:
        return request
    guard_arrow(now, then)
    request.status = then.value
    rows.keep(request, by=by, at=at)
    _record(request, then.value.lower() if waits else "went_live", by=by, at=at)
    return request


def go_live_when_due(*, at: datetime) -> int:
    """Move every scheduled request on whose time has come; returns how many."""
    due = ChangeRequest.objects.filter(status=RequestStatus.SCHEDULED.value, effective_at__lte=at).order_by("pk")
    for request in due:
        go_live(request=request, by=None, at=at)
    return len(due)


def _decide(
    *,
    environment: Environment,
    subject: str,
    digest: bytes,
    needed: tuple[Requirement, ...],
    kind: str,
    makers: frozenset[int],
    verdict: Verdict,
    seen: bytes,
    by: User,
    at: datetime,
    reason: str,
) -> Missing:
    guard_maker(decider=by.pk, makers=makers)
    if bytes(seen) != digest:
        raise Conflict("This was changed since you looked at it.", fix="Look at it again, then decide.")
    _guard_policy(needed, kind)
    said = list(decisions_on(subject, digest))
    if any(one.by_id == by.pk for one in said):
        raise Conflict("You have decided about this already.", fix="The others decide now.")
    if verdict is not Verdict.APPROVE and not reason.strip():
        raise Invalid("A no needs its reason", field="reason", fix="Say what would have to change")
    given = [Role(one.role) for one in said if one.verdict == Verdict.APPROVE.value]
    role = rules.role_to_act_in(needed, rules.outstanding(needed, given), roles_of(by), verdict)
    Decision.objects.create(
        environment=environment, subject=subject, digest=digest, maker_ids=sorted(makers), by=by,
        role=role.value, verdict=verdict.value, reason=reason, at=at,
    )  # fmt: skip
    after = {"verdict": verdict, "role": role, "digest": digest}
    audit.record(
        environment=environment, action="decision.made", subject=subject, by=by, at=at, after=after, reason=reason
    )
    return rules.outstanding(needed, [*given, role] if verdict is Verdict.APPROVE else given)


def _decided(request: ChangeRequest, status: RequestStatus, *, by: User, at: datetime, reason: str) -> ChangeRequest:
    guard_arrow(RequestStatus(request.status), status)
    request.status, request.decided_at = status.value, at
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, status.value.lower(), by=by, at=at, reason=reason)
    return request


def _replace_items(request: ChangeRequest, items: Sequence[Item]) -> None:
    subjects = [item.subject for item in items]
    if len(set(subjects)) != len(subjects):
        raise Invalid("A request names each thing once", field="items", fix="Leave out the repeated one")
    request.items.all().delete()
    ChangeItem.objects.bulk_create([ChangeItem(request=request, **_content(item)) for item in items])


def _content(item: Item) -> dict[str, object]:
    return {"subject": item.subject, "label": item.label[:160], "digest": item.digest, "facts": plain(item.facts)}


def _guard_status(request: ChangeRequest, statuses: Collection[RequestStatus], verb: str) -> None:
    now = RequestStatus(request.status)
    if now not in statuses:
        raise WrongState(f"A request that is {now.label.lower()} cannot {verb}.")


def _guard_policy(needed: tuple[Requirement, ...], kind: str) -> None:
    if not needed:
        raise WrongState(
            f"No policy says who approves this ({kind.replace('_', ' ')}), so nobody can.",
            fix="Ask the head of monetization for a policy.",
        )


def _record(
    request: ChangeRequest,
    verb: str,
    *,
    by: User | None,
    at: datetime,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        environment=request.environment, action=f"change_request.{verb}", subject=request, by=by, at=at,
        before=before, after=after, reason=reason,
    )  # fmt: skip
