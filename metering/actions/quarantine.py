"""Settle what was set aside: send it through the door once more, or say that it need not count."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Max, QuerySet

from metering.actions.ingest import CONFLICT, QUARANTINED, REJECTED, Receipt, take
from metering.models import Quarantined
from monetization.foundation.actions import audit
from monetization.foundation.actions.rows import allow
from monetization.foundation.models import Environment, User
from monetization.values.errors import Invalid, NotFound

MOST = 10_000
ABILITY = "metering.replay_quarantine"


@transaction.atomic
def replay(*, environment: Environment, ids: Sequence[int], by: User, at: datetime) -> Receipt:
    """Send open rows through the door again, oldest first; what counts now is settled, the rest stays open.

    An event that gave no time keeps that of its first arrival. Conflicts stay conflicts: the first accepted stays.
    Raises NotAllowed, Invalid (too many), NotFound (a row of another environment).
    """
    rows = _locked(environment, ids, by)
    events = [(row.body, row.received_at) for row in rows]
    receipt = take(environment=environment, events=events, by=by, at=at)
    settled = [
        row
        for row, item in zip(rows, receipt.items, strict=True)
        if item.status not in (QUARANTINED, CONFLICT, REJECTED) or item.reason not in ("", row.reason)
    ]
    _settle(settled, Quarantined.Status.REPLAYED, by, at)
    after = dict(Counter(item.status for item in receipt.items))
    audit.record(
        environment=environment, action="quarantine.replayed", subject="metering.quarantined",
        by=by, at=at, after=after,
    )  # fmt: skip
    return receipt


@transaction.atomic
def dismiss(*, environment: Environment, ids: Sequence[int], reason: str, by: User, at: datetime) -> int:
    """Say that open rows need not count and why; they stay visible. Returns how many."""
    if not reason.strip():
        raise Invalid("Say why these events need not count", field="reason", fix="Write a sentence")
    rows = _locked(environment, ids, by)
    _settle(rows, Quarantined.Status.DISMISSED, by, at)
    audit.record(
        environment=environment, action="quarantine.dismissed", subject="metering.quarantined",
        by=by, at=at, after={"ids": [row.pk for row in rows][:200], "count": len(rows)}, reason=reason,
    )  # fmt: skip
    return len(rows)


def open_ids(
    *, environment: Environment, reason: str, after: int = 0, until: int | None = None, most: int | None = None
) -> list[int]:
    """List the oldest open rows of a reason beyond a row, as many as may be settled at a time."""
    found = _open(environment, reason).filter(pk__gt=after)
    found = found if until is None else found.filter(pk__lte=until)
    return list(found.order_by("pk").values_list("pk", flat=True)[: most or MOST])


def extent(*, environment: Environment, reason: str) -> dict[str, int]:
    """Say how many open rows of a reason there are (`whole`) and which is the last of them (`until`)."""
    found = _open(environment, reason).aggregate(whole=Count("pk"), until=Max("pk"))
    return {"whole": found["whole"], "until": found["until"] or 0}


def left(*, environment: Environment, reason: str, after: int) -> int:
    """Count the open rows of a reason beyond a row."""
    return _open(environment, reason).filter(pk__gt=after).count()


def _open(environment: Environment, reason: str) -> QuerySet[Quarantined]:
    return Quarantined.objects.filter(environment=environment, status=Quarantined.Status.OPEN, reason=reason)


def _locked(environment: Environment, ids: Sequence[int], by: User) -> list[Quarantined]:
    allow(by, ABILITY)
    wanted = set(ids)
    if len(wanted) > MOST:
        raise Invalid(f"At most {MOST} at a time", field="ids", fix="Send them in parts")
    rows = Quarantined.objects.select_for_update().filter(environment=environment, pk__in=wanted)
    found = list(rows.order_by("pk"))
    if len(found) < len(wanted):
        raise NotFound("There is no such quarantined event", field="ids", fix="Reload the list")
    return [row for row in found if row.status == Quarantined.Status.OPEN]


def _settle(rows: Sequence[Quarantined], status: str, by: User, at: datetime) -> None:
    pks = [row.pk for row in rows]
    Quarantined.objects.filter(pk__in=pks).update(status=status, settled_at=at, settled_by=by)
