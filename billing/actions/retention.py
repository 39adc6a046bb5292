"""Drop the raw events of months that the retention policy no longer keeps and that nothing needs.

Metering can't know what was invoiced, so the decision is made here and carried out there. What is left of a dropped
month: hourly and daily usage, evidence and its digests, and the hashes of the events' keys.
"""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from billing.queries import retention
from metering.actions import partitions
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import WrongState

ABILITY = "metering.drop_events"


def policy() -> int | None:
    """Give the number of whole months for which events are kept after their own; None for ever."""
    kept: int | None = settings.EVENT_RETENTION_MONTHS
    return kept


def drop(*, month: date, by: User | None, at: datetime) -> int:
    """Drop a month's events and return how many. Raises WrongState with every reason against it, Conflict if busy."""
    rows.allow(by, ABILITY)
    _refuse(month, at)
    partitions.keep_keys(month=month, at=at)  # long, and harmless if the drop is refused after it
    return _drop(month=month, by=by, at=at)


def drop_expired(*, at: datetime) -> dict[date, int]:
    """Drop every month that the policy lets go; those that something needs stay and are asked about again."""
    months = retention.expired(months_kept=policy(), at=at)
    free = [month for month in months if not retention.reasons(month=month, months_kept=policy(), at=at)]
    return {month: drop(month=month, by=None, at=at) for month in free}


@transaction.atomic
def _drop(*, month: date, by: User | None, at: datetime) -> int:
    _refuse(month, at)
    return partitions.drop(month=month, by=by, at=at, reason=f"Older than {policy()} months")


def _refuse(month: date, at: datetime) -> None:
    found = retention.reasons(month=month, months_kept=policy(), at=at)
    if found:
        raise WrongState("; ".join(found), field="month", fix="Ask again when it is settled")
