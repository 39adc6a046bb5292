"""Correct events: amend, let count no more, replace a range, undo. Nothing is changed in place.

A correction writes removals for what it takes out and rows of the same key with a higher revision for what it puts
in, and corrects usage in the same transaction. What an invoice was made from is still there, so evidence is verified
as of its own instant (`bucket_digests(as_of=…)`). A repeat of the event as it was sent stays a duplicate of
revision 0, whatever counts by now.

Corrections and the sweep happen one at a time, and hold the sweep's row while they look at what counts.

A closed period: usage of its hours gets a new mark, so an invoice in review or approved is flagged with late usage,
as by an event that came late; an issued one stays as it was issued, and rerating it comes to the difference.
`approval` is the joint for the request which such a correction will need; until there is one, the flag is what tells.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.actions.fold import fold, hold, tally, unfold
from metering.actions.sweep import hold_removals
from metering.actions.taking_out import count_taken, counted_of
from metering.models import CorrectedEvent, Correction, EventRemoval
from metering.queries.corrections import Plan, Swap, to_amend, to_deprecate, to_replace
from metering.queries.revisions import first_seqs
from metering.queries.undoing import to_undo
from metering.stores import postgres as store
from monetization.foundation.actions import audit
from monetization.foundation.actions.rows import allow
from monetization.foundation.models import Account, Environment, User
from monetization.values.errors import Conflict, Invalid
from monetization.values.periods import Period

ABILITY = "metering.correct_events"


@transaction.atomic
def amend(
    *, environment: Environment, events: Sequence[Any], reason: str, by: User, at: datetime, approval: None = None
) -> Correction:
    """Give events that count another content: bodies as they are sent, each with its key; a time left out stays.

    Raises NotAllowed, Invalid (what could not be counted at the door; nothing changed), NotFound, WrongState.
    """
    return _correct(environment, lambda: to_amend(environment=environment, bodies=events, at=at), reason, by, at)


@transaction.atomic
def deprecate(
    *,
    environment: Environment,
    keys: Sequence[store.Key],
    reason: str,
    by: User,
    at: datetime,
    approval: None = None,
) -> Correction:
    """Let events, each named by source and id, count no more. Raises NotAllowed, Invalid, NotFound, WrongState."""
    return _correct(environment, lambda: to_deprecate(environment=environment, keys=keys), reason, by, at)


@transaction.atomic
def replace(
    *,
    environment: Environment,
    account: Account,
    type: str,
    period: Period,
    events: Sequence[Any],
    reason: str,
    by: User,
    at: datetime,
    approval: None = None,
) -> Correction:
    """Let other events stand for all of a type that an account has in a half-open range.

    Raises NotAllowed, Invalid (an event that belongs elsewhere, counts elsewhere or could not be counted), Conflict.
    """

    def plan() -> Plan:
        return to_replace(
            environment=environment, account=account, type=type, period=period, bodies=events, at=at
        )  # fmt: skip

    return _correct(environment, plan, reason, by, at)


@transaction.atomic
def undo(*, correction: Correction, reason: str, by: User, at: datetime, approval: None = None) -> Correction:
    """Put back what a correction took out, and take out what it put in; once.

    Raises WrongState where it was undone already, or a later correction touched one of its events (it is named).
    """
    return _correct(correction.environment, lambda: to_undo(correction=correction), reason, by, at)


def _correct(environment: Environment, plan_of: Callable[[], Plan], reason: str, by: User, at: datetime) -> Correction:
    """Plan under the locks, then write rows, removals, usage and the audit entry."""
    allow(by, ABILITY)
    if not reason.strip():
        raise Invalid("Say why these events are corrected", field="reason", fix="Write a sentence")
    store.enter()
    hold_removals(at=at)
    plan = plan_of()
    correction = _written(environment, plan, reason, by, at)
    seqs = _put(environment, plan, at)
    removals = [_removal(correction, each, seqs) for each in plan.swaps if each.old is not None]
    EventRemoval.objects.bulk_create(removals, batch_size=5000)
    CorrectedEvent.objects.bulk_create((_named(correction, each, seqs) for each in plan.swaps), batch_size=5000)
    _correct_usage(environment, plan, at)
    _tell(correction, plan)
    return correction


def _written(environment: Environment, plan: Plan, reason: str, by: User, at: datetime) -> Correction:
    period = plan.period
    return Correction.objects.create(
        environment=environment, kind=plan.kind, reason=reason.strip()[:400], account=plan.account, type=plan.type,
        starts_at=period.starts_at if period else None, ends_at=period.ends_at if period else None,
        undoes=plan.undoes, taken_out=len(plan.taken_out), put_in=len(plan.put_in), made_by=by, made_at=at,
    )  # fmt: skip


def _put(environment: Environment, plan: Plan, at: datetime) -> dict[store.Key, int]:
    """Write what is put in: keys never seen as events that were sent, known keys as their next revision."""
    unseen = [new.row for new in plan.put_in if new.revision == 0]
    were_there = store.add(environment_id=environment.pk, rows=unseen, at=at)
    if were_there:
        _, event_id = min(were_there)
        raise Conflict(f"“{event_id}” has just been sent", field="events", fix="Load the page again and compare")
    first = first_seqs(environment_id=environment.pk, keys={(row.source, row.event_id) for row in unseen})
    known = [(new.row, new.revision) for new in plan.put_in if new.revision]
    return first | store.put(environment_id=environment.pk, rows=known, at=at)


def _removal(correction: Correction, each: Swap, seqs: dict[store.Key, int]) -> EventRemoval:
    assert each.old is not None
    return EventRemoval(
        event_seq=each.old.seq, kept_seq=seqs.get(each.key), correction=correction,
        environment_id=correction.environment_id, account_id=each.old.account_id, source=each.old.source,
        event_id=each.old.event_id, time=each.old.time, reason=EventRemoval.Reason.CORRECTED,
        removed_at=correction.made_at,
    )  # fmt: skip


def _named(correction: Correction, each: Swap, seqs: dict[store.Key, int]) -> CorrectedEvent:
    source, event_id = each.key
    return CorrectedEvent(
        correction=correction, environment_id=correction.environment_id, source=source, event_id=event_id,
        old_seq=each.old.seq if each.old else None, new_seq=seqs.get(each.key),
        revision=each.new.revision if each.new else None,
    )  # fmt: skip


def _correct_usage(environment: Environment, plan: Plan, at: datetime) -> None:
    gone = counted_of(environment_id=environment.pk, events=plan.taken_out)
    come = [(new.row.account_id, new.row.time, (new.row.source, new.row.event_id), new.readings) for new in plan.put_in]
    out, put = tally(gone), tally(come)
    hold(buckets=[out, put], at=at)
    unfold(buckets=out, at=at)
    fold(buckets=put, at=at)
    count_taken(environment_id=environment.pk, taken=gone, at=at, sign=-1)
    count_taken(environment_id=environment.pk, taken=come, at=at, sign=1)


def _tell(correction: Correction, plan: Plan) -> None:
    audit.record(
        environment=correction.environment, action=f"events.{VERBS[plan.kind]}", subject=correction,
        by=correction.made_by, at=correction.made_at, reason=correction.reason,
        after={"taken_out": correction.taken_out, "put_in": correction.put_in,
               "events": [f"{source}/{id_}" for source, id_ in (each.key for each in plan.swaps[:200])]},
    )  # fmt: skip


VERBS = {
    Correction.Kind.AMEND: "amended",
    Correction.Kind.DEPRECATE: "deprecated",
    Correction.Kind.REPLACE: "replaced",
    Correction.Kind.UNDO: "restored",
}
