"""Pages of the console that look across the whole house: the inbox of decisions, the reports."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from monetization.foundation.console import page, show, site
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import accounts_for, desk_of, outstanding_of_all
from monetization.foundation.queries.notices import news_for
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.rules.roles import Role
from monetization.foundation.web import StaffRequest
from reports import account_page, balances_page
from reports.queries import billed_by_month, invoices_waiting_for, largest_accounts, receivables

KEPT = timedelta(days=30)
SHOWN = 30
Waiting = list[tuple[ChangeRequest, str]]


@page("foundation.read")
@require_safe
def inbox(request: StaffRequest) -> HttpResponse:
    """Show what waits for this person, and where stands what they asked for."""
    now = timezone.now()
    mine, news = _asked_by(request, now), news_for(request.user, request.environment, at=now)
    waiting = desk_of(request.user, request.environment, at=now)
    context: dict[str, Any] = {
        "waiting": [(case.request, bool(case.escalations)) for case in waiting],
        "news": news,
        "unread": sum(one.read_at is None for one in news),
        "open": [pair for pair in mine if pair[0].status in {"DRAFT", "SUBMITTED", "APPROVED", "SCHEDULED"}],
        "settled": [pair for pair in mine if pair[0].status not in {"DRAFT", "SUBMITTED", "APPROVED", "SCHEDULED"}],
        "invoices": invoices_waiting_for(request.user, request.environment, at=now),
        "approves_invoices": request.user.has_perm("billing.approve_invoice"),
        "now": now,
    }
    return show(request, "console/inbox.html", context, title="Inbox")


@page("billing.read")
@require_safe
def overview(request: StaffRequest) -> HttpResponse:
    """Show what was billed by month, what is open, and the largest accounts."""
    accounts = accounts_for(request.user, request.environment)
    context: dict[str, Any] = {
        "months": billed_by_month(accounts),
        "receivables": receivables(accounts, timezone.localdate()),
        "accounts": largest_accounts(accounts),
    }
    return show(request, "reports/overview.html", context, title="Reports")


def _asked_by(request: StaffRequest, now: Any) -> Waiting:
    """List this person's requests, newest first, each with who is still missing in words."""
    me = request.user
    mine = ChangeRequest.objects.filter(environment=request.environment).filter(
        Q(owner=me) | Q(created_by=me) | Q(submitted_by=me), created_at__gte=now - KEPT
    )
    found = list(mine.select_related("owner").prefetch_related("items")[:SHOWN])
    submitted = [one for one in found if one.status == RequestStatus.SUBMITTED.value]
    missing = outstanding_of_all(request.environment, submitted)
    return [(one, _words(missing.get(one.pk, ()))) for one in found]


def _words(missing: tuple[tuple[Role, int], ...]) -> str:
    return ", ".join(f"{count} × {role.label}" if count > 1 else role.label for role, count in missing)


site.add_pages(
    [
        path("inbox/", inbox, name="inbox"),
        path("reports/", overview, name="reports"),
        *account_page.pages,
        *balances_page.pages,
    ]
)
