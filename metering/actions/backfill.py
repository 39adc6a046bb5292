"""Make a metric version's usage of the past from events, on a worker, while new events keep coming.

`begin` writes the row; a worker calls `start` once and `step` until nothing is left. Starting waits for the writers
of that moment and lets nobody in meanwhile: what is written before has a `seq` up to `until_seq` and is read by the
steps, what is written after finds the version in its book and counts for it at the door. A step moves `done_seq` in
the transaction that adds its events, so it doesn't matter when a worker dies or which goes on.

What is computed shows in nobody's invoice until the version is approved: `catalog` asks for `backfilled_until`, which
the end of a backfill sets and every edit of the draft takes away. Approval of the backfill itself is the version's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from catalog.actions import metrics
from catalog.models import MetricVersion
from catalog.queries import metric_terms
from catalog.queries.content import content_digest
from catalog.rules.terms import MetricTerms
from metering.actions.fold import fold, tally
from metering.actions.mend import mend_next
from metering.actions.rebuild_day import drop_buckets
from metering.actions.sweep import hold_removals
from metering.models import Backfill, BackfillAccount, BackfillFault
from metering.queries.backfills import ACTIVE, stretch_of
from metering.queries.comparison import before_and_after
from metering.rules.book import Readings, read_by
from metering.rules.buckets import Taken
from metering.stores import postgres as store
from monetization.foundation.actions import audit
from monetization.foundation.actions.rows import allow, lock
from monetization.foundation.models import Account, User
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.periods import Period

ABILITY = "metering.run_backfill"
STEP = 20_000
FAULTS = 100
Status = Backfill.Status
IN_RANGE = "e.environment_id = %(environment)s AND e.type = %(type)s AND e.time >= %(from)s AND e.time < %(to)s"


@transaction.atomic
def begin(
    *,
    version: MetricVersion,
    reason: str,
    by: User,
    at: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Backfill:
    """Order a draft's usage of the past, or that a version in force has a range (UTC days that it touches) mended.

    Raises NotAllowed, Invalid (no reason, nothing in the past, a range outside the version's), WrongState, Conflict.
    """
    allow(by, ABILITY)
    version = lock(version)
    if not reason.strip():
        raise Invalid("Say why usage is computed again", field="reason", fix="Write a sentence")
    if Backfill.objects.filter(metric_version=version, status__in=ACTIVE).exists():
        raise Conflict("A backfill of this version is at work", fix="Wait for its end, or cancel it")
    is_mend = version.status == "APPROVED"
    period = _range(version, starts_at, ends_at, at) if is_mend else _past_of(version, starts_at or ends_at, at)
    if version.is_draft:
        metrics.note_backfilled(version=version, until=None, by=by, at=at)
    backfill = Backfill.objects.create(
        environment=version.metric.environment, metric_version=version, content_digest=content_digest(version),
        starts_at=period.starts_at, ends_at=period.ends_at, reason=reason.strip()[:400], is_mend=is_mend,
        made_by=by, made_at=at,
    )  # fmt: skip
    _tell(backfill, "begun", by, at)
    return backfill


@transaction.atomic
def start(*, backfill: Backfill, at: datetime) -> bool:
    """Let writers count for the version from now on, and fix what the steps must read; False where it was started."""
    until = 0 if backfill.is_mend else store.alone()
    hold_removals(at=at)
    backfill = lock(backfill)
    if backfill.status != Status.WAITING:
        return False
    if backfill.is_mend:
        until = Account.objects.filter(environment=backfill.environment_id).order_by("-pk")[:1].get().pk
    else:
        drop_buckets(backfill.metric_version_id)
    backfill.status, backfill.started_at, backfill.until_seq = Status.RUNNING, at, until
    backfill.save()
    return True


def step(*, backfill: Backfill, at: datetime, size: int = STEP) -> bool:
    """Do the next part of a running backfill; False where nothing is left to do, or another worker is at it."""
    backfill.refresh_from_db()
    if backfill.status == Status.RUNNING and backfill.is_mend and mend_next(backfill=backfill, at=at):
        return True
    return add_next(backfill=backfill, at=at, size=size)


@transaction.atomic
def add_next(*, backfill: Backfill, at: datetime, size: int = STEP) -> bool:
    """Add the events of the next stretch of `seq`, or end it where nothing is left."""
    found = Backfill.objects.select_for_update(skip_locked=True, of=("self",)).select_related("metric_version__metric")
    row = found.filter(pk=backfill.pk, status=Status.RUNNING).first()
    if row is None:
        return False
    if content_digest(row.metric_version) != bytes(row.content_digest):
        _end(row, Status.FAILED, at, fault="The draft was edited. Begin another backfill")
    elif not row.is_mend and row.done_seq < row.until_seq:
        _add(row, at, size)
        return True
    else:
        _finish(row, at)
    return False


@transaction.atomic
def pause(*, backfill: Backfill, by: User, at: datetime) -> Backfill:
    """Stop after the step at work; new events go on being counted. Raises NotAllowed, WrongState."""
    return _turn(backfill, (Status.RUNNING,), Status.PAUSED, "paused", by, at)


@transaction.atomic
def resume(*, backfill: Backfill, by: User, at: datetime) -> Backfill:
    """Go on where a paused or failed backfill stopped. Raises NotAllowed, WrongState, Conflict."""
    others = Backfill.objects.filter(metric_version=backfill.metric_version_id, pk__gt=backfill.pk)
    if others.exists():
        raise Conflict("A later backfill of this version was begun", fix="Go on with that one")
    to = Status.RUNNING if backfill.started_at else Status.WAITING
    return _turn(backfill, (Status.PAUSED, Status.FAILED), to, "resumed", by, at)


@transaction.atomic
def cancel(*, backfill: Backfill, by: User, at: datetime) -> Backfill:
    """Give it up; what it made of a draft's usage is forgotten. Raises NotAllowed, WrongState."""
    backfill = _turn(backfill, (*ACTIVE, Status.FAILED), Status.CANCELLED, "cancelled", by, at)
    if not backfill.is_mend:
        drop_buckets(backfill.metric_version_id)
    return backfill


@transaction.atomic
def fail(*, backfill: Backfill, fault: str, at: datetime) -> None:
    """Write down why a worker could not go on; the backfill may be resumed."""
    backfill = lock(backfill)
    if backfill.status in ACTIVE:
        _end(backfill, Status.FAILED, at, fault=fault)


def _past_of(version: MetricVersion, is_ranged: datetime | None, at: datetime) -> Period:
    """Give the whole stretch of a draft that would begin in the past."""
    if not version.is_draft:
        raise WrongState(f"{version} is {version.get_status_display().lower()}", fix="Send it back first")
    if is_ranged:
        raise Invalid("A draft is computed from its effective time on", field="starts_at", fix="Leave the range out")
    if version.effective_at >= at:
        fix = "Submit it; no backfill is needed"
        raise Invalid("This version begins in the future", field="effective_at", fix=fix)
    return stretch_of(version)


def _range(version: MetricVersion, starts_at: datetime | None, ends_at: datetime | None, at: datetime) -> Period:
    whole, last = stretch_of(version), at + timedelta(days=1)
    start, end = starts_at or whole.starts_at, ends_at or min(whole.ends_at or last, last)
    if not whole.starts_at <= start < end or (whole.ends_at and end > whole.ends_at):
        raise Invalid("The version is not in force in this range", field="starts_at", fix="Choose a part of its time")
    return Period(start, end)


def _add(row: Backfill, at: datetime, size: int) -> None:
    """Events taken out meanwhile are passed by; nobody takes one out while the row is locked."""
    metric = metric_terms(row.metric_version)
    if not row.done_seq:
        row.done_seq = row.from_seq = _before_first(row, metric)
    upto = min(row.done_seq + size, row.until_seq)
    where = f"e.seq > %(after)s AND e.seq <= %(upto)s AND {IN_RANGE} AND {store.COUNTED}"
    events = store.find(where, _parameters(row, metric) | {"after": row.done_seq, "upto": upto})
    read, faults = _read(metric, events)
    fold(buckets=tally(read), at=at)
    room = max(0, FAULTS - row.unreadable)
    BackfillFault.objects.bulk_create(_fault(row, event, error) for event, error in faults[:room])
    row.done_seq, row.events_read, row.unreadable = upto, row.events_read + len(events), row.unreadable + len(faults)
    row.save()


def _before_first(row: Backfill, metric: MetricTerms) -> int:
    """Skip what came before the first event of the range, or all where there is none."""
    where = f"{IN_RANGE} AND e.seq <= %(until)s"
    first = store.find(where, _parameters(row, metric) | {"until": row.until_seq}, "ORDER BY e.seq LIMIT 1")
    return first[0].seq - 1 if first else row.until_seq


def _parameters(row: Backfill, metric: MetricTerms) -> dict[str, object]:
    return {
        "environment": row.environment_id, "type": metric.event_type, "from": row.starts_at,
        "to": row.ends_at or store.FOREVER,
    }  # fmt: skip


def _read(
    metric: MetricTerms, events: Iterable[store.Stored]
) -> tuple[list[Taken], list[tuple[store.Stored, Invalid]]]:
    read, faults = [], []
    for event in events:
        try:
            readings: Readings = [(metric, reading) for reading in read_by(metric, event.data)]
            read.append((event.account_id, event.time, event.key, readings))
        except Invalid as error:
            faults.append((event, error))
    return read, faults


def _fault(row: Backfill, event: store.Stored, error: Invalid) -> BackfillFault:
    return BackfillFault(
        backfill=row, source=event.source, event_id=event.event_id, time=event.time,
        field=(error.field or "data")[:120], detail=error.message[:300],
    )  # fmt: skip


def _finish(row: Backfill, at: datetime) -> None:
    if not row.is_mend:
        compared = before_and_after(row)
        BackfillAccount.objects.bulk_create(
            BackfillAccount(
                backfill=row, account_id=account_id, before=before.rounded, after=after.rounded,
                events_before=before.events, events_after=after.events,
            )
            for account_id, before, after in compared
        )  # fmt: skip
        if row.metric_version.is_draft:
            metrics.note_backfilled(version=row.metric_version, until=at, by=row.made_by, at=at)
    _end(row, Status.DONE, at)
    _tell(row, "done", row.made_by, at)


def _end(row: Backfill, status: Status, at: datetime, fault: str = "") -> None:
    row.status, row.ended_at, row.fault = status, at, fault[:300]
    row.save()


def _turn(row: Backfill, known: Sequence[str], to: Status, verb: str, by: User, at: datetime) -> Backfill:
    allow(by, ABILITY)
    row = lock(row)
    if row.status not in known:
        raise WrongState(f"This backfill is {row.get_status_display().lower()}", fix="Load the page again")
    _end(row, to, at) if to == Status.CANCELLED else _go(row, to)
    _tell(row, verb, by, at)
    return row


def _go(row: Backfill, to: Status) -> None:
    row.status, row.ended_at, row.fault = to, None, ""
    row.save()


def _tell(row: Backfill, verb: str, by: User, at: datetime) -> None:
    audit.record(
        environment=row.environment, action=f"backfill.{verb}", subject=row, by=by, at=at, reason=row.reason,
        after={"version": str(row.metric_version), "starts_at": row.starts_at, "ends_at": row.ends_at,
               "events_read": row.events_read},
    )  # fmt: skip
