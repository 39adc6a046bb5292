"""Backfills: a worker goes on with them for some seconds at a time."""

import logging
import time

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from metering.actions import backfill, settle
from metering.models import Backfill

log = logging.getLogger(__name__)
SECONDS = 2  # a task does steps for so long, then another goes on


@shared_task
def run_backfill(backfill_id: int) -> None:
    """Start a backfill or go on with it, for a few seconds; then wake somebody to go on."""
    row = Backfill.objects.select_related("metric_version__metric").get(pk=backfill_id)
    until = time.monotonic() + SECONDS
    try:
        backfill.start(backfill=row, at=timezone.now())
        while backfill.step(backfill=row, at=timezone.now()):
            if time.monotonic() > until:
                run_backfill.delay(backfill_id)
                return
    except OperationalError:  # a lost connection or a deadlock: the sweep goes on with it
        log.exception("backfill %s was interrupted", backfill_id)
    except Exception as error:
        log.exception("backfill %s failed", backfill_id)
        backfill.fail(backfill=row, fault=f"{type(error).__name__}: {error}", at=timezone.now())


@shared_task
def sweep_backfills() -> None:
    """Go on with backfills whose message was lost or whose worker died, and settle those whose version was approved."""
    for pk in Backfill.objects.filter(status__in=["WAITING", "RUNNING"]).values_list("pk", flat=True):
        run_backfill(pk)
    for row in settle.unsettled():
        settle.settle(backfill=row, at=timezone.now())
