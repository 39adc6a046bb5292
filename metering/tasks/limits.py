"""Limits: holds that end, thresholds that are told."""

from celery import shared_task
from django.utils import timezone

from metering.actions import holds, limit_alerts


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
