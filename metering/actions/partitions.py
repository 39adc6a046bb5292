"""Seal months that are over, and drop those that nothing needs any more.

Both change a leaf under a lock that writers would queue behind, so they wait for it two seconds at most and are
tried again later. Who decides that nothing needs a month is `billing.actions.retention`: only it knows what was
invoiced. Here is what metering itself can answer for.
"""

from datetime import date, datetime

from django.db import transaction

from metering.actions.sweep import sweep
from metering.queries import partitions
from metering.stores import months as store
from monetization.foundation.actions.audit import record
from monetization.foundation.models import User
from monetization.values.errors import WrongState

WAIT_MS = 2000


@transaction.atomic
def seal(*, month: date, at: datetime) -> int | None:
    """Index a month that is over by account, and count it; None if it isn't open. Raises Conflict if it is busy."""
    if month not in partitions.to_seal(at):
        raise WrongState(f"{month:%B %Y} can't be sealed yet", fix="A month is sealed 3 days after its end")
    return store.seal(month=month, at=at, wait_ms=WAIT_MS)


def keep_keys(*, month: date, at: datetime) -> int | None:
    """Sweep, then write down the keys of a sealed month; it stops no writer and may be repeated."""
    sweep(at=at)
    return _keep_keys(month=month, at=at)


@transaction.atomic
def drop(*, month: date, by: User | None, at: datetime, reason: str) -> int:
    """Drop the events of a month whose keys are kept; returns how many. Raises WrongState, Conflict if it is busy."""
    if found := partitions.needed(month):
        raise WrongState("; ".join(found), field="month")
    events = store.drop(month=month, at=at, wait_ms=WAIT_MS) or 0
    record(
        environment=None, action="events.dropped", subject=f"metering.event_partition:{month:%Y-%m}", by=by, at=at,
        after={"events": events}, reason=reason,
    )  # fmt: skip
    return events


@transaction.atomic
def _keep_keys(*, month: date, at: datetime) -> int | None:
    return store.keep_keys(month=month)
