"""Find steps that ran over their deadline, note each once, and let the role that the policy names decide instead.

A sweep over rows: it may run twice, late, or after days without a worker, and does the same.
"""

from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, notices, rows
from monetization.foundation.models import ChangeRequest, Environment, Escalation
from monetization.foundation.queries import case_of, makers_of, submitted
from monetization.foundation.queries.desk import Case
from monetization.foundation.queries.standing_in import holders, ties
from monetization.foundation.rules import deadlines
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.rules.deadlines import Overdue
from monetization.foundation.rules.makers import related
from monetization.foundation.rules.notices import Telling


def escalate_due(*, at: datetime) -> int:
    """Note what is overdue in every environment and return how many steps were new."""
    found = 0
    for environment in Environment.objects.all():
        after = 0
        while listed := submitted(environment, after):
            found += sum(escalate(request=case.request, at=at) for case in listed if _new(case, at))
            after = listed[-1].request.pk
    return found


@transaction.atomic
def escalate(*, request: ChangeRequest, at: datetime) -> int:
    """Note the overdue steps of one request and return how many were new."""
    request = rows.lock(request)
    if request.status != RequestStatus.SUBMITTED.value:
        return 0
    case = case_of(request)
    new = _new(case, at)
    for one in new:
        _note(request, one, at)
        _tell(case, one, at)
    if new:
        notices.tell_turn(request=request, at=at)
    return len(new)


def _new(case: Case, at: datetime) -> list[Overdue]:
    noted = {(one.policy, one.role) for one in case.escalations}
    start = case.request.submitted_at or case.request.created_at
    found = deadlines.overdue(case.needed, case.given, start, at)
    return [one for one in found if (one.requirement.policy, one.requirement.role.value) not in noted]


def _note(request: ChangeRequest, one: Overdue, at: datetime) -> None:
    asked = one.requirement
    to = asked.escalate_to
    Escalation.objects.create(
        request=request, revision=request.revision, policy=asked.policy, role=asked.role.value,
        to_role=to.value if to else "", due_at=one.since, at=at,
    )  # fmt: skip
    reason = f"{asked.role.label} was due" + (f"; {to.label} may decide instead" if to else "")
    after = {"policy": asked.policy, "role": asked.role, "to_role": to, "due_at": one.since}
    audit.record(
        environment=request.environment, action="change_request.escalated" if to else "change_request.overdue",
        subject=request, by=None, at=at, after=after, reason=reason,
    )  # fmt: skip


def _tell(case: Case, one: Overdue, at: datetime) -> None:
    request, asked = case.request, one.requirement
    roles = [asked.role, *([asked.escalate_to] if asked.escalate_to else [])]
    makers = makers_of(request)
    barred = related(makers, ties(makers, request.created_at, at)) | case.taken
    people = [user for user in holders(roles, at) if user.pk not in barred]
    words = f"“{request.title}” is overdue: {asked.role.label} was to decide by {one.since:%Y-%m-%d %H:%M} UTC."
    source = f"overdue:{request.revision}:{asked.role.value}:{asked.policy}"[:100]
    notices.tell(request=request, people=people, telling=Telling.OVERDUE, words=words, source=source, at=at)
