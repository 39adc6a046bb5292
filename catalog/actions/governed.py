"""What every governed thing goes through: edited as a draft, proposed, approved with its digest.

A version or contract is proposed as the one item of a change request. Whoever wrote or last edited it is
a maker of that request, whoever submits it, so none of them decides.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models

from catalog.models import Amendment, Contract, CreditGrant, MetricVersion, PlanVersion, RateCardVersion
from catalog.models.versions import Governed
from catalog.queries.content import content_digest
from catalog.queries.facts import plain_facts
from catalog.rules.versions import VersionStatus, guard
from monetization.foundation.actions import approvals, audit, rows
from monetization.foundation.models import ChangeRequest, Environment, PolicyVersion, User
from monetization.foundation.queries import editors_of, subject_of
from monetization.foundation.rules.approvals import Item
from monetization.foundation.rules.facts import Fact, merged
from monetization.values.errors import WrongState

Version = TypeVar("Version", bound=Governed)
KINDS: dict[type[Governed], str] = {
    MetricVersion: "metric",
    RateCardVersion: "rate_card",
    PlanVersion: "plan",
    Contract: "contract",
    Amendment: "contract",
    CreditGrant: "credit",
    PolicyVersion: "policy",
}


def environment_of(row: Governed) -> Environment:
    """Return the environment that a governed row belongs to."""
    if isinstance(row, MetricVersion):
        return row.metric.environment
    if isinstance(row, RateCardVersion):
        return row.rate_card.environment
    if isinstance(row, Amendment):
        return row.contract.environment
    if isinstance(row, PlanVersion):
        return row.plan.environment
    if isinstance(row, Contract | CreditGrant):
        return row.environment
    if isinstance(row, PolicyVersion):
        return row.policy.environment
    raise TypeError(f"{type(row).__name__} is not governed")


def lock_draft(row: Version) -> Version:
    """Return the row locked, if its content may still be edited. Raises WrongState."""
    if row.request is not None:
        rows.lock(row.request)  # first the request, then what it holds: the order in which it is decided
    row = rows.lock(row)
    if not row.is_draft:
        status = VersionStatus(row.status).label.lower()
        raise WrongState(
            f"{row} is {status}, so it can't be edited.",
            fix="Send it back first." if row.status == "SUBMITTED" else "Draft a new one.",
        )
    return row


def begin(row: Governed, *, by: User, at: datetime) -> None:
    """Name the author of a new draft."""
    row.created_by = row.last_edited_by = by
    row.created_at = row.edited_at = at


def touch(row: Governed, *, by: User, at: datetime) -> None:
    """Save an edit of a draft: whoever edits is a maker from now on."""
    row.last_edited_by, row.edited_at = by, at
    rows.check(row, leave=("request",))
    rows.keep(row, by=by, at=at)


def propose(
    row: Governed,
    *,
    title: str,
    reason: str,
    facts: Mapping[str, Decimal],
    effective_at: datetime | None,
    by: User,
    at: datetime,
) -> ChangeRequest:
    """Ask for decisions about a locked draft; its content is frozen from here on."""
    guard(VersionStatus(row.status), VersionStatus.SUBMITTED)
    request = _request(row, title, reason, effective_at, by, at)
    everything = merged(plain_facts(row), facts)
    request = approvals.submit(request=request, items=[item_of(row, everything)], by=by, at=at)
    freeze(row, request, by=by, at=at, reason=reason)
    return request


def item_of(row: Governed, facts: Mapping[str, Fact], kind: str = "") -> Item:
    """Return a row as an item of a submission: its digest as it is now, its facts, everybody who wrote it."""
    return Item(subject_of(row), str(row), content_digest(row), facts, editors_of(row), kind or KINDS[type(row)])


def freeze(row: Governed, request: ChangeRequest, *, by: User, at: datetime, reason: str) -> None:
    """Bind a locked draft to the request in which it was just submitted."""
    item = request.items.get(subject=subject_of(row))
    row.request, row.content_digest = request, item.digest
    move(row, VersionStatus.SUBMITTED, by=by, at=at, reason=reason)


def move(row: Governed, status: VersionStatus, *, by: User | None, at: datetime, reason: str = "") -> None:
    """Change a locked row's status along the arrows, and say so in the audit log."""
    before = VersionStatus(row.status)
    guard(before, status)
    row.status = status.value
    if isinstance(row, Contract) and status is VersionStatus.APPROVED:
        row.last_date = row.end_date
    rows.keep(row, by=by, at=at, reason=reason)
    verb = "sent_back" if status is VersionStatus.DRAFT else status.value.lower()
    record(
        row, verb, by=by, at=at, reason=reason,
        before={"status": before}, after={"status": status, "digest": row.content_digest},
    )  # fmt: skip


def record(
    row: Governed,
    verb: str,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write to the audit log: `rate_card_version.submitted`."""
    subject = subject_of(row)
    noun = subject.partition(".")[2].partition(":")[0]
    audit.record(
        environment=environment_of(row), action=f"{noun}.{verb}", subject=subject, by=by, at=at,
        before=before, after=after, reason=reason,
    )  # fmt: skip


def create(row: models.Model, *, environment: Environment, by: User, at: datetime) -> None:
    """Check, save and record a new ungoverned row, such as a metric, a product or a rate card."""
    rows.check(row)
    rows.keep(row, by=by, at=at)
    subject = subject_of(row)
    noun = subject.partition(".")[2].partition(":")[0]
    after = {"key": getattr(row, "key", None), "name": getattr(row, "name", None)}
    audit.record(environment=environment, action=f"{noun}.created", subject=subject, by=by, at=at, after=after)


def _request(
    row: Governed, title: str, reason: str, effective_at: datetime | None, by: User, at: datetime
) -> ChangeRequest:
    request = row.request
    if request is None:
        request = approvals.open_request(
            environment=environment_of(row), kind=KINDS[type(row)], title=title, reason=reason,
            items=[Item(subject_of(row), str(row))], effective_at=effective_at, by=by, at=at,
        )  # fmt: skip
    else:
        approvals.guard_alone(request, subject_of(row))
        request = approvals.edit(request=request, title=title, reason=reason, effective_at=effective_at, by=by, at=at)
    request.created_by, request.last_edited_by = row.created_by, row.last_edited_by
    rows.keep(request, by=by, at=at)
    return request
