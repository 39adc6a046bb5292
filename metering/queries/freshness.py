"""How fresh usage is: marks that grow with every change, and what changed after an invoice was rated."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

from metering.models import HourlyUsage, UsageMark
from monetization.values.periods import Period

LATE_EVENTS = """
SELECT count(*) FROM metering_event e
WHERE e.account_id = %s AND e.time >= %s AND e.time < %s AND e.received_at >= %s
  AND date_trunc('hour', e.time, 'UTC') = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq)
"""


def mark_of(account_id: int) -> int:
    """Give the account's usage mark; 0 before its first usage."""
    return marks([account_id]).get(account_id, 0)


def marks(account_ids: Iterable[int]) -> dict[int, int]:
    """Map accounts to their usage marks; those that never had usage are left out."""
    return dict(UsageMark.objects.filter(account__in=set(account_ids)).values_list("account_id", "number"))


def late_since(account_id: int, period: Period, mark: int, since: datetime | None = None) -> int:
    """Count the events that changed a closed period's usage after its account's mark; 0 means that nothing changed.

    Which hours changed is exact (each remembers the mark of its last change). The number is that of events in
    them received from `since` on, and at least 1 where an hour changed: an event may also have been taken out.
    """
    hours = HourlyUsage.objects.filter(
        account=account_id, mark__gt=mark, hour__gte=_hour(period.starts_at), metric_version__status="APPROVED"
    )
    changed = list(hours.filter(hour__lt=period.ends_at).values_list("hour", flat=True).distinct())
    if not changed:
        return 0
    if since is None:
        return 1
    with connection.cursor() as cursor:
        cursor.execute(LATE_EVENTS, [account_id, period.starts_at, period.ends_at, since, changed])
        return max(1, int(cursor.fetchone()[0]))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
