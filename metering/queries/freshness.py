"""How fresh usage is: marks that grow with every change, and what changed after an invoice was rated."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from metering.models import HourlyUsage, UsageMark
from metering.stores import postgres as store
from metering.stores.postgres import FOREVER
from monetization.values.periods import Period

HOUR = timedelta(hours=1)


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
    spans = tuple((max(hour, period.starts_at), min(hour + HOUR, period.ends_at or FOREVER)) for hour in changed)
    events = store.Select(accounts=[account_id], spans=spans, counted=True, received_from=since)
    return max(1, store.count(events))


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
