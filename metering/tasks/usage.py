"""Usage: repeats that the door could not see, days that are over, minutes that nobody asks for any more."""

from celery import shared_task
from django.utils import timezone

from metering.actions import days, forgetting
from metering.actions.sweep import sweep


@shared_task
def sweep_repeats() -> None:
    """Take repeats out of usage that came with times far apart."""
    sweep(at=timezone.now())


@shared_task
def build_days() -> None:
    """Make daily usage of the days that are over."""
    while days.build(at=timezone.now()):
        pass


@shared_task
def forget_minutes() -> None:
    """Delete what is known of ingestion by minute once it is older than 40 days."""
    forgetting.forget(at=timezone.now())
