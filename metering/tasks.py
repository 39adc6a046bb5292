"""What workers do for metering: months, days, the inbox, backfills, far repeats, holds that end, limits that tell."""

import logging
import time
from datetime import date, timedelta

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from metering.actions import backfill, days, forgetting, holds, inbox, limit_alerts, mend, partitions
from metering.actions.sweep import sweep
from metering.api.receipts import items_of
from metering.models import Backfill
from metering.queries.partitions import to_seal
from metering.stores import postgres as store
from monetization.values.errors import Conflict

log = logging.getLogger(__name__)
MONTHS_AHEAD = 3
SECONDS = 2  # a task does steps for so long, then another goes on
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
def seal_months() -> None:
    """Seal the earliest month that is due; one that is busy, and the next one, have their turn an hour later."""
    at = timezone.now()
    for month in to_seal(at)[:1]:
        try:
            partitions.seal(month=month, at=at)
        except Conflict as busy:
            log.info("%s is not sealed yet: %s", month, busy)


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


@shared_task
def forget_minutes() -> None:
    """Delete what is known of ingestion by minute once it is older than 40 days."""
    forgetting.forget(at=timezone.now())


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
    for row in mend.unsettled():
        mend.settle(backfill=row, at=timezone.now())


def months_from(day: date, ahead: int) -> list[date]:
    """List the first days of a day's month and of `ahead` months after it."""
    months = [day.year * 12 + day.month - 1 + n for n in range(ahead + 1)]
    return [date(month // 12, month % 12 + 1, 1) for month in months]
