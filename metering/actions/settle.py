"""Settle usage of the versions before, once a backfilled one is approved.

It goes account by account. Doing an account twice changes nothing, so a worker may die anywhere.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from catalog.queries.metrics import dated_metrics
from metering.actions.rebuild_day import DAY, EMPTY, Versions, day_of, hold_mark, raise_mark, rebuild_day
from metering.models import Backfill, DailyUsage, HourlyUsage, HourlyValue
from metering.rules.book import hour_of
from metering.stores import postgres as store


def settle(*, backfill: Backfill, at: datetime) -> None:
    """Once its version is approved: take the versions before it out of its time, and tell who rated by them.

    Writers of this moment may still count for them, so they are waited for first.
    """
    store.settled()
    versions = _predecessors(backfill)
    for account_id in _settling(backfill, versions):
        _settle_account(backfill, account_id, versions, at)
    Backfill.objects.filter(pk=backfill.pk).update(settled_at=at)


def unsettled() -> QuerySet[Backfill]:
    """Find finished backfills whose version was approved since."""
    return Backfill.objects.filter(
        status=Backfill.Status.DONE, is_mend=False, settled_at=None, metric_version__status="APPROVED"
    ).select_related("metric_version__metric")


def _predecessors(backfill: Backfill) -> Versions:
    dated = dated_metrics(Q(metric=backfill.metric_version.metric_id))
    return [(each.terms, each.period) for each in dated if each.terms.version_id != backfill.metric_version_id]


def _settling(backfill: Backfill, versions: Versions) -> list[int]:
    ids = [backfill.metric_version_id, *(metric.version_id for metric, _ in versions)]
    rows = HourlyUsage.objects.filter(metric_version__in=ids, hour__gte=day_of(backfill.starts_at))
    return sorted(set(rows.values_list("account", flat=True).distinct()))


@transaction.atomic
def _settle_account(backfill: Backfill, account_id: int, versions: Versions, at: datetime) -> None:
    hold_mark(account_id, at)
    first = day_of(backfill.starts_at)
    end = backfill.ends_at or store.FOREVER
    for day in {first, day_of(end)} if backfill.ends_at else {first}:
        rebuild_day(account_id=account_id, versions=versions, day=day, at=at)
    mark = raise_mark(account_id, at)
    theirs = {"account": account_id, "metric_version__in": [metric.version_id for metric, _ in versions]}
    hours = {"hour__gte": first + DAY, "hour__lt": day_of(end)}
    HourlyUsage.objects.filter(**theirs, **hours).update(**EMPTY, mark=mark)
    HourlyValue.objects.filter(**theirs, **hours).delete()
    DailyUsage.objects.filter(**theirs, date__gt=first.date(), date__lt=day_of(end).date()).delete()
    own = HourlyUsage.objects.filter(account=account_id, metric_version=backfill.metric_version_id, hour__lt=end)
    own.filter(hour__gte=hour_of(backfill.starts_at)).update(mark=mark)
