"""Decide about the catalog's change requests, and carry out what was decided.

When the last approval comes in, every item is published in the same transaction: locked in the order of
its table and key, checked once more as it is now, and compared with the digest that was approved.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from catalog.actions import (
    ahead,
    amendment_errors,
    amendments,
    contracts,
    governed,
    grants,
    metrics,
    plan_errors,
    rate_cards,
)
from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, PlanVersion, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries.content import content_digest
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import approvals, outbox, policies, rows
from monetization.foundation.models import ChangeItem, ChangeRequest, PolicyVersion, User
from monetization.foundation.rules.approvals import RequestStatus, Verdict, guard_maker
from monetization.values.errors import Conflict, DomainError, NotFound, refuse_if

# In the order in which they are locked and published: what rests on something comes after it.
MODELS: dict[str, type[Governed]] = {
    "catalog.metric_version": MetricVersion,
    "catalog.rate_card_version": RateCardVersion,
    "catalog.plan_version": PlanVersion,
    "catalog.contract": Contract,
    "catalog.amendment": Amendment,
    "catalog.credit_grant": CreditGrant,
    "foundation.policy_version": PolicyVersion,
}


@transaction.atomic
def decide(
    *,
    request: ChangeRequest,
    verdict: Verdict,
    seen: bytes,
    by: User,
    at: datetime,
    reason: str = "",
) -> ChangeRequest:
    """Say yes, no or veto to what was seen; with the last yes everything in it is published."""
    request = rows.lock(request)
    if verdict is Verdict.VETO and request.status == RequestStatus.SCHEDULED.value:
        return _veto(request, seen=seen, by=by, at=at, reason=reason)
    versions = [row for _, row in _locked(request)]
    guard_maker(decider=by.pk, makers=_makers(versions))
    request = approvals.decide(request=request, verdict=verdict, seen=seen, by=by, at=at, reason=reason)
    status = RequestStatus(request.status)
    if status is RequestStatus.REJECTED:
        _move_all(request, VersionStatus.REJECTED, by=by, at=at, reason=reason)
    if status is RequestStatus.APPROVED:
        _publish_all(request, by=by, at=at, reason=reason)
        request = approvals.go_live(request=request, by=by, at=at)
    return request


@transaction.atomic
def send_back(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Return everything in a submitted request to its makers; approvals given so far count no more."""
    request = approvals.send_back(request=request, by=by, at=at, reason=reason)
    _move_all(request, VersionStatus.DRAFT, by=by, at=at, reason=reason)
    return request


@transaction.atomic
def withdraw(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Give up a request and the versions in it, at the latest before any of them is in force."""
    request = rows.lock(request)
    guard_ahead(request, at)
    request = approvals.withdraw(request=request, by=by, at=at, reason=reason)
    _move_all(request, VersionStatus.WITHDRAWN, by=by, at=at, reason=reason)
    return request


def guard_ahead(request: ChangeRequest, at: datetime) -> None:
    """Refuse to take back what is approved once it is in force, or while something rests on it. Raises WrongState."""
    if request.status == RequestStatus.SCHEDULED.value:
        held = [row for _, row in _locked(request)]
        for row in held:
            ahead.guard(row, held, at)


def reopen(*, request: ChangeRequest, by: User, at: datetime, reason: str) -> list[Governed]:
    """Make a scheduled request and everything in it drafts again; returns what it holds, locked."""
    request = rows.lock(request)
    guard_ahead(request, at)
    approvals.reopen(request=request, by=by, at=at, reason=reason)
    _move_all(request, VersionStatus.DRAFT, by=by, at=at, reason=reason)
    return [row for _, row in _locked(request)]


def _veto(request: ChangeRequest, *, seen: bytes, by: User, at: datetime, reason: str) -> ChangeRequest:
    guard_ahead(request, at)
    request = approvals.veto(request=request, seen=seen, by=by, at=at, reason=reason)
    _move_all(request, VersionStatus.REJECTED, by=by, at=at, reason=reason)
    return request


def subject_row(subject: str) -> Governed:
    """Find the row that an item of the catalog names. Raises NotFound."""
    noun, _, pk = subject.partition(":")
    model = MODELS.get(noun)
    found = model._default_manager.filter(pk=pk).first() if model and pk.isdigit() else None
    if found is None:
        raise NotFound(f"There is no {subject}.")
    return found


def errors(row: Governed, at: datetime) -> list[DomainError]:
    """List why a row can't be approved as it is now."""
    for model, check in CHECKS:
        if isinstance(row, model):
            return check(row, at)
    raise TypeError(f"{type(row).__name__} is not governed")


def _publish_all(request: ChangeRequest, *, by: User, at: datetime, reason: str) -> None:
    for item, row in _locked(request):
        fresh = content_digest(row)
        if fresh != bytes(item.digest or b"") or fresh != bytes(row.content_digest or b""):
            raise Conflict(f"{row} is not what was approved.", fix="Send it back and submit it again.")
        refuse_if(errors(row, at))
        governed.move(row, VersionStatus.APPROVED, by=by, at=at, reason=reason)
        if isinstance(row, Amendment):
            amendments.settle(row)
        noun = item.subject.partition(".")[2].partition(":")[0]
        outbox.publish(
            environment=request.environment, topic=f"{noun}.approved", subject=row,
            payload={"name": str(row), "request": request.pk, "digest": fresh}, at=at,
        )  # fmt: skip


def _move_all(request: ChangeRequest, status: VersionStatus, *, by: User, at: datetime, reason: str) -> None:
    for _, row in _locked(request):
        if row.status != status.value:  # a draft may have been discarded by itself
            governed.move(row, status, by=by, at=at, reason=reason)


def _locked(request: ChangeRequest) -> list[tuple[ChangeItem, Governed]]:
    return [(item, rows.lock(row)) for item, row in rows_in(request)]


def rows_in(request: ChangeRequest) -> list[tuple[ChangeItem, Governed]]:
    """Return what a request holds, in the order of publication."""
    order = list(MODELS.values())
    pairs = [(item, subject_row(item.subject)) for item in request.items.all()]
    return sorted(pairs, key=lambda pair: (order.index(type(pair[1])), pair[1].pk))


def _makers(versions: Iterable[Governed]) -> set[int]:
    makers = (maker for row in versions for maker in (row.created_by_id, row.last_edited_by_id))
    return {maker for maker in makers if maker is not None}


CHECKS: tuple[tuple[type[Governed], Callable[..., list[DomainError]]], ...] = (
    (MetricVersion, metrics.errors),
    (RateCardVersion, rate_cards.errors),
    (PlanVersion, plan_errors.errors),
    (Contract, contracts.errors),
    (Amendment, amendment_errors.errors),
    (CreditGrant, grants.errors),
    (PolicyVersion, policies.errors),
)
