"""Does hourly usage still say what the events say? Every bucket is added up again from the events that count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms, dims_of
from metering.models import HourlyUsage
from metering.queries import bucket_digests
from metering.stores.gone import dropped_months, is_dropped
from monetization.foundation.models import Environment
from monetization.values.periods import Period

Row = dict[str, Any]


def usage_matches_events(at: datetime) -> list[Row]:
    """Add up the events that count again, through the pure rules, and compare every hourly bucket."""
    versions = {
        dated.terms.version_id: dated.terms
        for environment_id in Environment.objects.values_list("pk", flat=True)
        for dated in metric_versions_for(environment_id)
    }
    return [
        {"account": account, "metric_version": version} | difference
        for account, version in _measured_pairs(versions)
        for difference in _differences(account, versions[version])
    ]


def _measured_pairs(versions: Mapping[int, MetricTerms]) -> list[tuple[int, int]]:
    """List account and metric version wherever there is usage, or an event that could have made some."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT account_id, metric_version_id FROM metering_hourlyusage")
        pairs = {(account, version) for account, version in cursor.fetchall() if version in versions}
        cursor.execute(
            "SELECT DISTINCT e.account_id, v.id FROM metering_event e"
            " JOIN catalog_metric m ON m.environment_id = e.environment_id"
            " JOIN catalog_metricversion v ON v.metric_id = m.id AND v.event_type = e.type AND v.status = 'APPROVED'"
        )
        return sorted(pairs | set(cursor.fetchall()))


def _differences(account_id: int, metric: MetricTerms) -> Iterator[Row]:
    rows = HourlyUsage.objects.filter(account=account_id, metric_version=metric.version_id).exclude(
        events=0, quantity=0
    )
    stored = {
        (hour, dims_of(values, metric.order)): (quantity, events)
        for hour, values, quantity, events in rows.values_list("hour", "dimensions__values", "quantity", "events")
    }
    again = {
        (bucket.starts_at, bucket.dims): (bucket.quantity, bucket.events)
        for bucket in bucket_digests(account_id=account_id, metric=metric, period=Period(EVER, None))
    }
    gone = dropped_months()
    for hour, dims in sorted(stored.keys() | again.keys()):
        if is_dropped(hour, gone):  # its sums were proven before its events went
            continue
        usage, events = stored.get((hour, dims)), again.get((hour, dims))
        if usage != events:
            yield {"hour": hour, "dimensions": dict(dims), "usage": usage, "from_events": events}


EVER = datetime(1970, 1, 1, tzinfo=UTC)
