"""What workers do for metering: partitions made ahead, the sweep for repeats that the door could not see, and
forgetting how ingestion did long ago.
"""

from datetime import date

from celery import shared_task
from django.utils import timezone

from metering.actions import forgetting
from metering.actions.sweep import sweep
from metering.stores import postgres as store

MONTHS_AHEAD = 3


@shared_task
def make_partitions() -> None:
    """Make the partitions of this month and the next ones, so that no writer has to."""
    store.make_months(months_from(timezone.now().date(), MONTHS_AHEAD))


@shared_task
def sweep_repeats() -> None:
    """Take repeats out of usage that came with times far apart."""
    sweep(at=timezone.now())


@shared_task
def forget_minutes() -> None:
    """Delete what is known of ingestion by minute once it is older than 40 days."""
    forgetting.forget(at=timezone.now())


def months_from(day: date, ahead: int) -> list[date]:
    """List the first days of a day's month and of `ahead` months after it."""
    months = [day.year * 12 + day.month - 1 + n for n in range(ahead + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
