"""The inbox: folded where no folder does it, emptied in the end."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from metering.actions import inbox
from metering.api.receipts import items_of

PATIENCE = timedelta(seconds=2)  # how long the inbox is left to the folder
TURN = timedelta(seconds=5)


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
