"""What workers do for metering: partitions made ahead, and the sweep for repeats that the door could not see."""

from datetime import date, timedelta

from celery import shared_task
from django.utils import timezone

from metering.actions import days, inbox
from metering.actions.sweep import sweep
from metering.api.receipts import items_of
from metering.stores import postgres as store

MONTHS_AHEAD = 3
PATIENCE = timedelta(seconds=2)  # how long the inbox is left to the folder
TURN = timedelta(seconds=5)


@shared_task
def make_partitions() -> None:
    """Make the partitions of this month and the next ones, so that no writer has to."""
    store.make_months(months_from(timezone.now().date(), MONTHS_AHEAD))


@shared_task
def sweep_repeats() -> None:
    """Take repeats out of usage that came with times far apart."""
    sweep(at=timezone.now())


@shared_task
def fold_inbox() -> None:
    """Fold what no folder took: the inbox moves without one too, only slower."""
    began = timezone.now()
    while inbox.backlog().age(now := timezone.now()) > PATIENCE and now - began < TURN:
        inbox.fold_some(read=items_of, at=now)


@shared_task
def forget_inbox() -> None:
    """Empty bodies that were folded some days ago."""
    while inbox.forget(at=timezone.now()):
        pass


@shared_task
def build_days() -> None:
    """Make daily usage of the days that are over."""
    while days.build(at=timezone.now()):
        pass


def months_from(day: date, ahead: int) -> list[date]:
    """List the first days of a day's month and of `ahead` months after it."""
    months = [day.year * 12 + day.month - 1 + n for n in range(ahead + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
