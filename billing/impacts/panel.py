"""The panel on a request's page: begun, watched while workers are at it, cancelled, summed up."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing import tasks
from billing.actions import impacts
from billing.impacts.shown import by_month, distribution, shown
from billing.models import Impact
from billing.queries.impact_inputs import is_stale, rows_of
from billing.queries.impacts import largest_of, latest_impact, months_of, rows_seen, summaries, sums_by
from catalog.console.requests import requests_in
from catalog.queries import proposed_in
from monetization.foundation.console import page
from monetization.foundation.models import ChangeRequest
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.web import StaffRequest, perform, perform_and_go, tell

MONTHS = (1, 3, 6, 12)


def context_of(
    request: StaffRequest, change: ChangeRequest, impact: Impact | None, currency: str = ""
) -> dict[str, Any]:
    """Give what panel and page show of an impact; charts are of one currency, that of most accounts."""
    found: dict[str, Any] = {
        "change": change, "impact": impact, "now": timezone.now(), "months": MONTHS,
        "may_run": request.user.has_perm(impacts.RUN), "is_open": RequestStatus(change.status) in impacts.OPEN,
        "can_try": bool(proposed_in(rows_of(change))),
    }  # fmt: skip
    if impact is None:
        return found
    rows = rows_seen(impact, request.user)
    sums = summaries(rows)
    chosen = next((each for each in sums if each.total.currency == currency), None)
    chosen = chosen or max(sums, key=lambda each: each.accounts, default=None)
    found |= {"is_stale": is_stale(impact) if found["is_open"] else False, "chosen": chosen}
    found["shown"] = [shown(each, largest_of(rows, each.total.currency)) for each in sums]
    if chosen is not None:
        mine = rows.filter(currency=chosen.total.currency)
        months = by_month(months_of(impact), sums_by(mine, "month"), chosen.total.currency)
        changes = distribution(mine.values_list("change_percent", flat=True))
        found |= {"by_month": months, "changes": changes}
    return found


@page("billing.read")
@require_safe
def panel(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the newest impact of a request; where there is no script, its page."""
    change = get_object_or_404(requests_in(request), pk=pk)
    if not request.htmx:
        return redirect("console:request_impact", pk)
    return render(request, "billing/impact/panel.html", context_of(request, change, latest_impact(change)))


@page(impacts.RUN)
@require_POST
def start(request: StaffRequest, pk: int) -> HttpResponse:
    """Have workers reckon it."""
    change = get_object_or_404(requests_in(request), pk=pk)
    months = request.POST.get("months", "3")
    outcome = perform(request, impacts.start, request=change, months=int(months) if months.isdecimal() else 0)
    tell(request, outcome)
    if outcome.value is not None:
        tasks.wake_for_impact(outcome.value)
    return redirect(_back(pk))


@page(impacts.RUN)
@require_POST
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop reckoning."""
    impact = latest_impact(get_object_or_404(requests_in(request), pk=pk))
    return perform_and_go(request, impacts.cancel, _back(pk), impact=impact) if impact else redirect(_back(pk))


def _back(pk: int) -> str:
    return f"{reverse('console:request', args=[pk])}#impact"


pages = [
    path("requests/<int:pk>/impact/panel/", panel, name="request_impact_panel"),
    path("requests/<int:pk>/impact/start/", start, name="request_impact_start"),
    path("requests/<int:pk>/impact/cancel/", cancel, name="request_impact_cancel"),
]
