"""What pages of metrics (in the catalog, below this app) show of their use: fetched into them when they are open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Metric, MetricVersion
from metering.queries.activity import Activity, activity, last_hour
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.rules.charts import Chart, Slot, bars
from monetization.foundation.templatetags.show import day as day_text
from monetization.foundation.web import StaffRequest

DAYS, MOST = 30, 100
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Use:
    """A metric's last thirty days."""

    metric: Metric
    chart: Chart
    readings: int
    last: date | None


@page("metering.read")
@require_safe
def metric_usage(request: StaffRequest, pk: int) -> HttpResponse:
    """Show when a metric counted something last, and how much in thirty days."""
    metric = get_object_or_404(Metric, environment=request.environment, pk=pk)
    (use,) = _uses(request, [metric])
    last = None
    if use.last:
        ids = list(accounts_for(request.user, request.environment).values_list("pk", flat=True))
        versions = list(metric.versions.values_list("pk", flat=True))
        last = last_hour(account_ids=ids, version_ids=versions, day=use.last)
    context = {"use": use, "last": last, "now": timezone.now(), "days": DAYS, "start": reverse("console:send_events")}
    crumbs = [("Metrics", reverse("console:catalog_metric_changelist")),
              (metric.name, reverse("console:metric", args=[pk]))]  # fmt: skip
    return show(request, "metering/metric_usage.html", context, title="Use", crumbs=crumbs, parts=("use",))


@page("metering.read")
@require_safe
def metrics_usage(request: StaffRequest) -> HttpResponse:
    """Show the same of several metrics (`pk`), each to be put into its place in the list."""
    wanted = [text for text in request.GET.getlist("pk") if text.isascii() and text.isdigit() and len(text) < 19]
    metrics = Metric.objects.filter(environment=request.environment, pk__in=wanted[:MOST])
    context = {"uses": _uses(request, list(metrics)), "now": timezone.now(), "days": DAYS}
    crumbs = [("Metrics", reverse("console:catalog_metric_changelist"))]
    return show(request, "metering/metrics_usage.html", context, title="Use of metrics", crumbs=crumbs, parts=("uses",))


def _uses(request: StaffRequest, metrics: Sequence[Metric]) -> list[Use]:
    """Count the readings of all metrics at once."""
    versions = dict(MetricVersion.objects.filter(metric__in=metrics).values_list("pk", "metric"))
    ids = list(accounts_for(request.user, request.environment).values_list("pk", flat=True))
    last = datetime.now(UTC).date()
    days = [last - DAY * back for back in reversed(range(DAYS))]
    found = _by_metric(activity(account_ids=ids, version_ids=list(versions), first=days[0]), versions)
    return [_use(metric, found.get(metric.pk, {}), days) for metric in metrics]


def _by_metric(found: Activity, versions: Mapping[int, int]) -> Activity:
    sums: Activity = {}
    for version, days in found.items():
        mine = sums.setdefault(versions[version], {})
        for day, count in days.items():
            mine[day] = mine.get(day, 0) + count
    return sums


def _use(metric: Metric, counts: Mapping[date, int], days: Sequence[date]) -> Use:
    slots = [Slot("", f"{day_text(day)}: {counts.get(day, 0):,}", (Decimal(counts.get(day, 0)),)) for day in days]
    return Use(metric, bars(["readings"], slots), sum(counts.values()), max(counts, default=None))


pages = [
    path("metrics/<int:pk>/usage/", metric_usage, name="metric_usage"),
    path("metrics/usage/", metrics_usage, name="metrics_usage"),
]
