"""Mend usage of a version in force, account by account, from its events.

Doing an account twice changes nothing, so a worker may die anywhere.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from catalog.queries import metric_terms
from catalog.rules.terms import MetricTerms
from metering.actions.rebuild_day import DAY, day_of, rebuild_day
from metering.models import Backfill
from metering.queries.backfills import stretch_of
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
