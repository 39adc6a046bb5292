"""Months of events: made ahead, sealed when they are over."""

import logging
from datetime import date

from celery import shared_task
from django.utils import timezone

from metering.actions import partitions
from metering.queries.partitions import to_seal
from metering.stores import postgres as store
from monetization.values.errors import Conflict

log = logging.getLogger(__name__)
MONTHS_AHEAD = 3


@shared_task
def make_partitions() -> None:
    """Make the partitions of this month and the next ones, so that no writer has to."""
    store.make_months(months_from(timezone.now().date(), MONTHS_AHEAD))


@shared_task
def seal_months() -> None:
    """Seal the earliest month that is due; one that is busy, and the next one, have their turn an hour later."""
    at = timezone.now()
    for month in to_seal(at)[:1]:
        try:
            partitions.seal(month=month, at=at)
        except Conflict as busy:
            log.info("%s is not sealed yet: %s", month, busy)


def months_from(day: date, ahead: int) -> list[date]:
    """List the first days of a day's month and of `ahead` months after it."""
    months = [day.year * 12 + day.month - 1 + n for n in range(ahead + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
