"""Impacts of change requests: begun, worked on chunk by chunk, cancelled, ended.

A chunk is claimed by a conditional update, reckoned outside of any transaction, and written down with its end in one:
a worker that dies leaves a claim that grows old, and another one does the chunk again.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from billing.actions import impact_rows
from billing.models import Impact, ImpactChunk
from billing.queries.impact_inputs import accounts_of, inputs_of, rows_of
from billing.queries.impact_rows import pairs_of
from billing.queries.looked_at import first_day
from catalog.queries import proposed_in
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import ChangeRequest, User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.approvals import RequestStatus
from monetization.values.errors import Conflict, Invalid, WrongState

RUN = "billing.run_impact"
CHUNK = 25  # accounts of one task
MOST_MONTHS = 12
OPEN = (RequestStatus.DRAFT, RequestStatus.SUBMITTED, RequestStatus.APPROVED, RequestStatus.SCHEDULED)
Status = Impact.Status


@transaction.atomic
def start(*, request: ChangeRequest, by: User, at: datetime, months: int = 3) -> Impact:
    """Begin to reckon what a request would have changed in the last whole months. One at a time for a request."""
    rows.allow(by, RUN)
    request = rows.lock(request)
    if not 1 <= months <= MOST_MONTHS:
        raise Invalid("An impact looks at 1 to 12 months", field="months", fix="Choose a number between 1 and 12")
    if request.status not in {each.value for each in OPEN}:
        raise WrongState("This request is decided, so its impact stays as it is", field="status")
    if request.impacts.filter(status=Status.RUNNING).exists():
        raise Conflict("Its impact is being reckoned", fix="Wait for it, or cancel it")
    proposed = proposed_in(rows_of(request))
    if not proposed:
        fix = "Put a version of a rate card or an amendment into it"
        raise Invalid("Nothing in this request changes what was billed", field="request", fix=fix)
    accounts, first = accounts_of(proposed, request.environment), first_day(at, months)
    impact = Impact(
        environment=request.environment, request=request, first_day=first, months=months,
        threshold_percent=settings.IMPACT_PERCENT, inputs=inputs_of(request, first, months), accounts=len(accounts),
        made_by=by, made_at=at,
    )  # fmt: skip
    rows.check(impact)
    impact.save()
    ImpactChunk.objects.bulk_create(ImpactChunk(impact=impact, account_ids=ids) for ids in _chunks(accounts))
    _record(impact, "started", by, at)
    return impact if accounts else _end(impact, Status.DONE, at)


@transaction.atomic
def cancel(*, impact: Impact, by: User, at: datetime) -> Impact:
    """Stop reckoning; what is there already stays visible as a part."""
    rows.allow(by, RUN)
    impact = rows.lock(impact)
    if not impact.is_running:
        raise WrongState("This impact isn't being reckoned any more", field="status")
    _record(impact, "cancelled", by, at)
    return _end(impact, Status.CANCELLED, at)


def work(*, chunk: ImpactChunk, at: datetime) -> bool:
    """Do a chunk, unless it is done, another worker has it, or nobody wants it any more; says whether it was done."""
    if not _claim(chunk, at):
        return False
    impact = chunk.impact
    proposed = proposed_in(rows_of(impact.request))
    found = pairs_of(chunk.account_ids, impact.environment, proposed, impact.first_day, impact.months)
    with transaction.atomic():
        impact = rows.lock(impact)
        if not impact.is_running or ImpactChunk.objects.filter(pk=chunk.pk, done_at=None).update(done_at=at) == 0:
            return False
        impact_rows.write(impact, found)
        impact.accounts_done += len(chunk.account_ids)
        impact.save()
        if not impact.chunks.filter(done_at=None).exists():
            _end(impact, Status.DONE, at)
    return True


@transaction.atomic
def fail(*, impact: Impact, fault: str, at: datetime) -> None:
    """End an impact that the program can't reckon, and say why."""
    impact = rows.lock(impact)
    if impact.is_running:
        impact.fault = fault[:300]
        _end(impact, Status.FAILED, at)


def left_behind(at: datetime) -> list[int]:
    """List the chunks that wait, or whose worker must be dead."""
    free = ImpactChunk.objects.filter(_free(at), done_at=None, impact__status=Status.RUNNING)
    return list(free.order_by("pk").values_list("pk", flat=True))


def _claim(chunk: ImpactChunk, at: datetime) -> bool:
    free = ImpactChunk.objects.filter(_free(at), pk=chunk.pk, done_at=None)
    return free.filter(impact__in=Impact.objects.filter(status=Status.RUNNING)).update(claimed_at=at) == 1


def _free(at: datetime) -> Q:
    dead = at - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    return Q(claimed_at=None) | Q(claimed_at__lt=dead)


def _chunks(ids: Sequence[int]) -> Iterator[list[int]]:
    for first in range(0, len(ids), CHUNK):
        yield list(ids[first : first + CHUNK])


def _end(impact: Impact, status: str, at: datetime) -> Impact:
    impact.status, impact.ended_at = status, at
    impact.save()
    return impact


def _record(impact: Impact, verb: str, by: User, at: datetime) -> None:
    audit.record(
        environment=impact.environment, action=f"impact.{verb}", subject=subject_of(impact), by=by, at=at,
        after={"request": impact.request_id, "months": impact.months, "inputs": impact.inputs},
    )  # fmt: skip
