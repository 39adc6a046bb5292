"""The events behind one hour of usage: the last step down from an amount."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from billing.portal.frame import address, show, way_back
from catalog.queries import metric_terms
from catalog.rules.terms import Dims, MetricTerms, dims_of
from metering.models import HourlyUsage
from metering.queries import events_behind
from metering.queries.events import HOUR
from metering.rules import places
from metering.rules.aggregate import readings
from metering.stores.postgres import Stored
from monetization.foundation.portal import PortalScope, portal_view
from monetization.values.errors import Invalid
from monetization.values.money import total_of
from monetization.values.periods import Period, zone_of

A_PAGE = 50
NUMBERS = msgspec.json.Encoder(decimal_format="number")


@portal_view
def of_hour(request: HttpRequest, scope: PortalScope, bucket_id: int) -> HttpResponse:
    """Show the events behind an hour of one set of dimension values."""
    found = HourlyUsage.objects.select_related("dimensions", "metric_version__metric")
    bucket: HourlyUsage = get_object_or_404(found, pk=bucket_id, account=scope.account)
    return show(request, scope, "events", "usage", bucket=bucket, **_events(request, scope, bucket))


def _events(request: HttpRequest, scope: PortalScope, bucket: HourlyUsage) -> dict[str, Any]:
    metric = metric_terms(bucket.metric_version)
    match = dims_of(bucket.dimensions.values, metric.order)
    page = events_behind(
        account_id=scope.account.pk, metric=metric, match=match, period=Period(bucket.hour, bucket.hour + HOUR),
        after=_after(request), limit=A_PAGE,
    )  # fmt: skip
    zone = zone_of(scope.account.time_zone)
    later = urlencode({"after": places.written(page.next), "from": request.GET.get("from", "")})
    return {
        "back": way_back(request, address(scope, "usage")),
        "events": [_event(each, metric, match, zone) for each in page.events],
        "next": f"?{later}" if page.next else "",
    }


def _event(stored: Stored, metric: MetricTerms, match: Dims, zone: ZoneInfo) -> dict[str, Any]:
    counted = [each.quantity for each in readings(metric, stored.data) if set(each.dims) == set(match)]
    return {
        "time": f"{stored.time.astimezone(zone):%H:%M:%S.%f}",
        "id": stored.event_id,
        "source": stored.source,
        "type": stored.type,
        "counted": total_of(counted),
        "data": msgspec.json.format(NUMBERS.encode(stored.data), indent=2).decode(),
    }


def _after(request: HttpRequest) -> places.After | None:
    """Read where the page starts; Http404 for what isn't such a place."""
    try:
        return places.read(request.GET.get("after"))
    except Invalid as error:
        raise Http404("no such place") from error
