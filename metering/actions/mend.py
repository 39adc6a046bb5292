"""Mend usage of a version in force, and settle that of the versions before once a backfilled one is approved.

Both go account by account. Doing an account twice changes nothing, so a worker may die anywhere.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from catalog.queries import metric_terms
from catalog.queries.metrics import dated_metrics
from catalog.rules.terms import MetricTerms
from metering.actions.rebuild_day import DAY, EMPTY, Versions, hold_mark, raise_mark, rebuild_day
from metering.models import Backfill, DailyUsage, HourlyUsage, HourlyValue
from metering.queries.backfills import stretch_of
from metering.rules.book import hour_of
from metering.stores import postgres as store
from monetization.foundation.models import Account

DAYS = f"""
SELECT DISTINCT date_trunc('day', e."time", 'UTC') FROM metering_event e
WHERE e.account_id = %(account)s AND e.type = %(type)s AND e."time" >= %(from)s AND e."time" < %(to)s
  AND {store.COUNTED}
UNION
SELECT DISTINCT date_trunc('day', u.hour, 'UTC') FROM metering_hourlyusage u
WHERE u.account_id = %(account)s AND u.metric_version_id = %(version)s AND u.hour >= %(from)s AND u.hour < %(to)s
ORDER BY 1
"""


def mend_next(*, backfill: Backfill, at: datetime) -> bool:
    """Mend the next account, each day a transaction of its own, and move on; False where none is left."""
    accounts = Account.objects.filter(environment=backfill.environment_id, pk__gt=backfill.done_seq)
    account_id = accounts.filter(pk__lte=backfill.until_seq).order_by("pk").values_list("pk", flat=True).first()
    if account_id is None:
        return False
    versions = [(metric_terms(backfill.metric_version), stretch_of(backfill.metric_version))]
    changed = [
        rebuild_day(account_id=account_id, versions=versions, day=day, at=at)
        for day in _days(backfill, versions[0][0], account_id)
    ]
    _move(backfill, account_id, sum(changed))
    return True


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


@transaction.atomic
def _move(backfill: Backfill, account_id: int, changed: int) -> None:
    row = Backfill.objects.select_for_update().get(pk=backfill.pk)
    if row.done_seq < account_id:
        row.done_seq, row.days_changed = account_id, row.days_changed + changed
        row.save()
    backfill.done_seq = row.done_seq


def _days(backfill: Backfill, metric: MetricTerms, account_id: int) -> list[datetime]:
    start = day_of(backfill.starts_at)
    end = day_of(backfill.ends_at) + DAY if backfill.ends_at else store.FOREVER
    parameters: dict[str, Any] = {
        "account": account_id, "type": metric.event_type, "version": metric.version_id, "from": start, "to": end,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(DAYS, parameters)
        return [row[0].astimezone(UTC) for row in cursor.fetchall()]


def day_of(at: datetime) -> datetime:
    """Give the first instant of the UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


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
