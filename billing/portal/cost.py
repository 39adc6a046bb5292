"""Cost of a period, line by line with its working, and the hours of usage behind each line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from billing.portal.frame import address, chosen, one_page, show, shown, shown_lines
from billing.queries import rated
from billing.queries.statement import Billed, billed_periods, buckets, issued_invoices, lines_of
from billing.rules.lifecycle import Kind
from metering.models import HourlyUsage
from monetization.foundation.portal import PortalScope, portal_view

HOURS_A_PAGE = 100


@portal_view
def cost(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what a period costs: the running one, or an ended one that may not be invoiced yet."""
    now = timezone.now()
    periods = billed_periods(scope.account, now)
    billed = chosen(request, periods)
    return show(request, scope, "cost", "cost", periods=periods, chosen=billed, **_cost(scope, billed))


@portal_view
def line_usage(request: HttpRequest, scope: PortalScope, price_id: str, metric_id: int) -> HttpResponse:
    """Show the hours of usage behind a line of a period that is rated on the spot."""
    billed = chosen(request, billed_periods(scope.account, timezone.now()))
    if billed is None:
        raise Http404("nothing is rated")
    found = rated(contract=billed.contract, period=billed.period)
    place = {"price_id": price_id, "metric_id": metric_id}
    pairs = zip(found.usage, (each for each in lines_of(found, scope.account) if each.is_usage), strict=True)
    line, read = next((pair for pair in pairs if pair[1].place == place), (None, None))
    if line is None or read is None:
        raise Http404("no such line")
    back = f"{address(scope, 'cost')}?period={billed.key}"
    return show(
        request, scope, "line_usage", "cost", back=back, back_label="Cost", period=line.period,
        currency=line.currency, divisor=line.metric.divisor, shown=shown(read, found.terms.zone, ""),
        **hours(request, buckets(line, scope.account)),
    )  # fmt: skip


def hours(request: HttpRequest, found: QuerySet[HourlyUsage]) -> dict[str, Any]:
    """Cut the hours into pages, with the totals over all of them."""
    total = found.order_by().aggregate(
        hours=Count("hour", distinct=True), quantity=Sum("quantity"), events=Sum("events")
    )
    return {"total": total, **one_page(request, found, HOURS_A_PAGE)}


def _cost(scope: PortalScope, billed: Billed | None) -> dict[str, Any]:
    if billed is None:
        return {"period": None}
    found = rated(contract=billed.contract, period=billed.period)
    invoice = issued_invoices(scope.account).filter(
        contract=billed.contract, period_starts_at=billed.period.starts_at, kind=Kind.USAGE.value
    )
    return {
        "period": billed.period,
        "contract": billed.contract,
        "currency": found.terms.currency,
        "is_running": timezone.now() in billed.period,
        "invoice": invoice.first(),
        "unpriced": found.unpriced,
        "lines": shown_lines(scope, billed, found),
        "net": found.totals.net if found.lines else Decimal(0),
    }
