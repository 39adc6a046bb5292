"""How busy metrics were lately: readings a UTC day, from the days that are over and the hours since."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import TruncDate

from metering.models import DailyMark, DailyUsage, HourlyUsage

Activity = dict[int, dict[date, int]]
DAY = timedelta(days=1)


def activity(*, account_ids: Collection[int], version_ids: Collection[int], first: date) -> Activity:
    """Count readings by metric version and UTC day from a day on, in three queries; days without any are left out."""
    mark = DailyMark.objects.values_list("date", flat=True).first()
    found: Activity = {}
    since = max(mark, first) if mark else first
    mine = {"account__in": account_ids, "metric_version__in": version_ids, "events__gt": 0}
    if since > first:
        days = DailyUsage.objects.filter(**mine, date__gte=first, date__lt=since).order_by()
        _count(found, days.values_list("metric_version", "date"))
    hours = HourlyUsage.objects.filter(**mine, hour__gte=_start(since)).order_by()
    _count(found, hours.annotate(day=TruncDate("hour", tzinfo=UTC)).values_list("metric_version", "day"))
    return found


def last_hour(*, account_ids: Collection[int], version_ids: Collection[int], day: date) -> datetime | None:
    """Give the start of the last hour of a UTC day in which anything was counted."""
    hours = HourlyUsage.objects.filter(
        account__in=account_ids, metric_version__in=version_ids, events__gt=0, hour__gte=_start(day),
        hour__lt=_start(day + DAY),
    )  # fmt: skip
    found: datetime | None = hours.aggregate(last=Max("hour"))["last"]
    return found


def _count(found: Activity, rows: QuerySet[Any, Any]) -> None:
    for version, day, events in rows.annotate(readings=Sum("events")):
        found.setdefault(version, {})[day] = int(events)


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
