"""Propose, decide, send back, withdraw: the life of a change request.

A decision counts only for the content that was seen, so a request's digest covers its revision, which every edit and
every return to draft raises: what was said about an earlier revision counts no more.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, notices, rows
from monetization.foundation.actions.decisions import Matter, guard_policy, say
from monetization.foundation.actions.decisions import decide_subject as decide_subject
from monetization.foundation.models import ChangeItem, ChangeRequest, Environment, User
from monetization.foundation.queries import case_of, makers_of, needs_of, roles_of, subject_of
from monetization.foundation.queries.requests import request_digest, unasked_of
from monetization.foundation.queries.standing_in import hats_of, ties
from monetization.foundation.rules.approvals import Item as Item
from monetization.foundation.rules.approvals import RequestStatus, Verdict, guard_arrow
from monetization.foundation.rules.audit import plain
from monetization.foundation.rules.facts import stored
from monetization.foundation.rules.makers import guard_maker
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState

NOT_LIVE = frozenset({RequestStatus.DRAFT, RequestStatus.SUBMITTED, RequestStatus.SCHEDULED})


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
    owner: User | None = None,
    notes: str = "",
    links: Sequence[str] = (),
) -> ChangeRequest:
    """Open a request in DRAFT; it names what shall change, its content may still be edited."""
    request = ChangeRequest(environment=environment, kind=kind, title=title, reason=reason, effective_at=effective_at)
    request.notes, request.links = notes, list(links)
    request.owner, request.created_by, request.last_edited_by = owner or by, by, by
    request.created_at, request.editor_ids = at, [by.pk]
    rows.check(request)
    rows.keep(request, by=by, at=at)
    _replace_items(request, items)
    after = {"title": title, "kind": kind, "items": [item.subject for item in items]}
    _record(request, "opened", by=by, at=at, after=after, reason=reason)
    return request


@transaction.atomic
def edit(
    *, request: ChangeRequest, title: str, reason: str, effective_at: datetime | None, by: User, at: datetime,
    **more: object,
) -> ChangeRequest:  # fmt: skip
    """Change a draft's words or time (`more`: owner, notes, links); whoever edits is a maker of it from now on."""
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.DRAFT}, "be edited")
    before = {"title": request.title, "effective_at": request.effective_at}
    request.title, request.reason, request.effective_at = title, reason, effective_at
    for name, value in more.items():
        setattr(request, name, value)
    request.last_edited_by = by
    touch(request, by)
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
    for unasked in unasked_of(request):
        guard_policy((), unasked.kind or request.kind)
    request.status = RequestStatus.SUBMITTED.value
    request.submitted_by, request.submitted_at = by, at
    _made_by(request, by)
    request.revision += 1
    rows.keep(request, by=by, at=at)
    _record(request, "submitted", by=by, at=at, after={"items": [_content(item) for item in items]})
    notices.tell_turn(request=request, at=at)
    return request


@transaction.atomic
def decide(
    *, request: ChangeRequest, verdict: Verdict, seen: bytes, by: User, at: datetime, reason: str = ""
) -> ChangeRequest:
    """Say yes, no or the last word to what was seen; APPROVED when nobody is missing, REJECTED after a no.

    Raises Conflict where `seen` is not the present content, NotAllowed for makers, people related to them and roles
    whose turn it isn't.
    """
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.SUBMITTED}, "be decided")
    case = case_of(request)
    matter = Matter(
        request.environment, request.kind, subject_of(request), case.digest, case.needed, makers_of(request),
        request.created_at, case.instead,
    )  # fmt: skip
    missing = say(matter=matter, verdict=verdict, seen=seen, by=by, at=at, reason=reason)
    if verdict.is_yes and missing:
        notices.tell_turn(request=request, at=at)
        return request
    status = RequestStatus.APPROVED if verdict.is_yes else RequestStatus.REJECTED
    return _decided(request, status, by=by, at=at, reason=reason)


@transaction.atomic
def send_back(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Return a submitted request to its makers for changes; decisions so far count no more."""
    request = rows.lock(request)
    guard_arrow(RequestStatus(request.status), RequestStatus.DRAFT)
    asked, held = {one.role for one in needs_of(request)}, {hat.role for hat in hats_of(by, at)}
    if by.pk not in makers_of(request) and not asked & held:
        raise NotAllowed("Only those who made or who decide a request send it back.", fix="Leave it to them.")
    request.status = RequestStatus.DRAFT.value
    request.revision += 1
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, "sent_back", by=by, at=at, reason=reason)
    notices.tell_makers(request=request, verb="sent back", by=by, at=at, reason=reason)
    return request


@transaction.atomic
def withdraw(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Give up a request that is not live yet; only its makers or a head of monetization."""
    request = rows.lock(request)
    _guard_status(request, NOT_LIVE, "be withdrawn")
    _guard_hands(request, by, "withdraw a request")
    request.status = RequestStatus.WITHDRAWN.value
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, "withdrawn", by=by, at=at, reason=reason)
    return request


@transaction.atomic
def reopen(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Make a scheduled request a draft again, so that it gets another time; what was decided counts no more."""
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.SCHEDULED}, "be given another time")
    _guard_hands(request, by, "move a request")
    request.status = RequestStatus.DRAFT.value
    request.revision += 1
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, "rescheduled", by=by, at=at, reason=reason)
    return request


@transaction.atomic
def veto(*, request: ChangeRequest, seen: bytes, by: User, at: datetime, reason: str) -> ChangeRequest:
    """Stop what was approved before it takes effect: the head of monetization's last word, for good."""
    request = rows.lock(request)
    _guard_status(request, {RequestStatus.SCHEDULED}, "be vetoed")
    makers = makers_of(request)
    guard_maker(decider=by.pk, makers=makers, ties=ties([by.pk], request.created_at, at))
    if Role.HEAD not in {hat.role for hat in hats_of(by, at)}:
        raise NotAllowed("Only the head of monetization vetoes.", fix="Tell the head why it should not take effect.")
    if bytes(seen) != request_digest(request):
        raise Conflict("This was changed since you looked at it.", fix="Look at it again, then decide.")
    if not reason.strip():
        raise Invalid("A no needs its reason", field="reason", fix="Say what would have to change")
    _record(request, "vetoed", by=by, at=at, reason=reason)
    return _decided(request, RequestStatus.REJECTED, by=by, at=at, reason=reason)


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
    if not waits and request.rolls_back is not None:
        _rolled_back(request.rolls_back, by=by, at=at)
    return request


def go_live_when_due(*, at: datetime) -> int:
    """Move every scheduled request on whose time has come; returns how many."""
    due = ChangeRequest.objects.filter(status=RequestStatus.SCHEDULED.value, effective_at__lte=at).order_by("pk")
    for request in due:
        go_live(request=request, by=None, at=at)
    return len(due)


def _rolled_back(request: ChangeRequest, *, by: User | None, at: datetime) -> None:
    """Say of a live request that another one has taken it back."""
    request = rows.lock(request)
    if request.status == RequestStatus.LIVE.value:
        request.status = RequestStatus.ROLLED_BACK.value
        rows.keep(request, by=by, at=at)
        _record(request, "rolled_back", by=by, at=at)


def _guard_hands(request: ChangeRequest, by: User, what: str) -> None:
    if by.pk not in makers_of(request) and Role.HEAD not in roles_of(by):
        raise NotAllowed(f"Only its makers {what}.", fix="Reject it, if you were asked to decide.")


def _decided(request: ChangeRequest, status: RequestStatus, *, by: User, at: datetime, reason: str) -> ChangeRequest:
    guard_arrow(RequestStatus(request.status), status)
    request.status, request.decided_at = status.value, at
    rows.keep(request, by=by, at=at, reason=reason)
    _record(request, status.value.lower(), by=by, at=at, reason=reason)
    notices.tell_makers(request=request, verb=status.label.lower(), by=by, at=at, reason=reason)
    return request


def _replace_items(request: ChangeRequest, items: Sequence[Item]) -> None:
    subjects = [item.subject for item in items]
    if len(set(subjects)) != len(subjects):
        raise Invalid("A request names each thing once", field="items", fix="Leave out the repeated one")
    request.items.all().delete()
    ChangeItem.objects.bulk_create([ChangeItem(request=request, **_content(item)) for item in items])


def _content(item: Item) -> dict[str, object]:
    return {
        "subject": item.subject, "label": item.label[:160], "digest": item.digest,
        "facts": plain(stored(item.facts)), "maker_ids": sorted(item.makers), "kind": item.kind,
    }  # fmt: skip


def guard_alone(request: ChangeRequest, subject: str) -> None:
    """Refuse to submit something by itself whose request holds other things too. Raises WrongState."""
    others = request.items.exclude(subject=subject).count()
    if others:
        raise WrongState(
            f"It is decided together with {others} other{'' if others == 1 else 's'} in “{request.title}”.",
            fix="Submit that request, or take this out of it.",
        )


def touch(request: ChangeRequest, by: User) -> None:
    """Note on a locked draft that somebody changed what it holds: a new revision, of which they are a maker."""
    _made_by(request, by)
    request.revision += 1


def _made_by(request: ChangeRequest, by: User) -> None:
    if by.pk not in request.editor_ids:
        request.editor_ids = [*request.editor_ids, by.pk]


def _guard_status(request: ChangeRequest, statuses: Collection[RequestStatus], verb: str) -> None:
    now = RequestStatus(request.status)
    if now not in statuses:
        raise WrongState(f"A request that is {now.label.lower()} cannot {verb}.")


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
