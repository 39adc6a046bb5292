"""What workers do for metering: partitions made ahead, the sweep for far repeats, holds that end, limits that tell."""

from datetime import date

from celery import shared_task
from django.utils import timezone

from metering.actions import holds, limit_alerts
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
def expire_holds() -> int:
    """Take off reservations whose time is over; every two seconds."""
    return holds.expire_holds(at=timezone.now())


@shared_task
def forget_holds() -> int:
    """Drop reservations that ended long ago; every hour."""
    return holds.forget_holds(at=timezone.now())


@shared_task
def tell_of_limits(thorough: bool = False) -> None:
    """Raise and mail what limits have to tell; every few seconds, and every minute a thorough time."""
    limit_alerts.raise_alerts(at=timezone.now(), thorough=thorough)
    limit_alerts.mail_alerts(at=timezone.now())


@shared_task
def look_at_all_limits() -> None:
    """Find what was missed while nobody looked; every minute."""
    tell_of_limits(thorough=True)


def months_from(day: date, ahead: int) -> list[date]:
    """List the first days of a day's month and of `ahead` months after it."""
    months = [day.year * 12 + day.month - 1 + n for n in range(ahead + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
