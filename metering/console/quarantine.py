"""Quarantine in the console: how many by reason, each row with what was sent; replay or dismiss."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Min, Sum
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from metering.actions import quarantine as actions
from metering.actions.ingest import Receipt
from metering.models import Quarantined
from monetization.foundation.console import page, show
from monetization.foundation.queries import sees_all_customers
from monetization.foundation.web import StaffRequest, perform, perform_and_go, tell
from monetization.values.errors import NotAllowed

PAGE = 50
CRUMB = ("Quarantine", "console:quarantine")
WHAT_MENDS = {
    "UNKNOWN_ACCOUNT": "Make the account, or give one this alias from the time of the events; then replay.",
    "UNKNOWN_TYPE": "Draft a metric version that reads this type, in force at the time of the events; then replay.",
    "MISSING_FIELD": "The sender must send the field, or the metric must not require it.",
    "INVALID_FIELD": "The sender must send a usable value under a new id.",
    "TOO_FAR_AHEAD": "The sender's clock was ahead. Replay when the time has come.",
    "TOO_LATE": "The account's first contract starts later. Correct the contract, or dismiss.",
    "CONFLICT": "Two contents under one id: the first stays. Tell the sender; dismiss when it is settled.",
}


@require_safe
def quarantine(request: StaffRequest) -> HttpResponse:
    """Show what could not be counted, by reason."""
    guard(request)
    status = request.GET.get("status", "OPEN")
    reason = request.GET.get("reason", "")
    rows = Quarantined.objects.filter(environment=request.environment, status=status)
    chosen = rows.filter(reason=reason) if reason in Quarantined.Reason.values else rows
    search = request.GET.get("q", "").strip()
    found = (chosen.filter(event_id=search) | chosen.filter(subject=search)) if search else chosen
    context = {
        "reasons": _reasons(rows),
        "reason": reason if reason in Quarantined.Reason.values else "",
        "label": dict(Quarantined.Reason.choices).get(reason, ""),
        "mends": WHAT_MENDS.get(reason, ""),
        "status": status,
        "statuses": Quarantined.Status.choices,
        "q": search,
        "rows": Paginator(found.order_by("-pk"), PAGE).get_page(request.GET.get("page")),
        "may_settle": request.user.has_perm(actions.ABILITY) and status == "OPEN",
        "now": timezone.now(),
    }
    return show(request, "metering/quarantine.html", context, title="Quarantine", parts=["rows"])


def _reasons(rows: Any) -> list[dict[str, Any]]:
    """Count rows and repeats by reason, the most frequent first."""
    counted = rows.values("reason").annotate(
        rows=Count("pk"), repeats=Sum("repeats"), first=Min("received_at"), last=Max("received_at")
    )
    labels = dict(Quarantined.Reason.choices)
    return [each | {"label": labels[each["reason"]]} for each in counted.order_by("-rows", "reason")]


@require_POST
def replay(request: StaffRequest) -> HttpResponse:
    """Send the ticked rows, or all open ones of a reason, through the door again."""
    guard(request)
    ids = _ids(request) or actions.open_ids(environment=request.environment, reason=request.POST.get("reason", ""))
    outcome = perform(request, actions.replay, environment=request.environment, ids=ids)
    tell(request, outcome)
    if outcome.value is not None:
        messages.info(request, _said(outcome.value))
    return redirect(_back(request))


@require_POST
def dismiss(request: StaffRequest) -> HttpResponse:
    """Say that the ticked rows need not count."""
    guard(request)
    return perform_and_go(
        request, actions.dismiss, _back(request), "Dismissed; they stay in the list of dismissed events.",
        environment=request.environment, ids=_ids(request), reason=request.POST.get("why", ""),
    )  # fmt: skip


def guard(request: StaffRequest) -> None:
    """Refuse who sees only some customers. Raises NotAllowed."""
    if not sees_all_customers(request.user):
        raise NotAllowed("These events may belong to any customer")


def _ids(request: StaffRequest) -> list[int]:
    return [int(text) for text in request.POST.getlist("row") if text.isascii() and text.isdigit() and len(text) < 19]


def _said(receipt: Receipt) -> str:
    counts = {"counted now": receipt.accepted, "counted before": receipt.duplicates}
    still = receipt.quarantined + receipt.conflicts + receipt.rejected
    parts = [f"{count} {words}" for words, count in (counts | {"still not countable": still}).items() if count]
    return f"Replayed: {', '.join(parts) or 'nothing was open'}."


def _back(request: StaffRequest) -> str:
    reason = request.POST.get("reason", "")
    address = reverse("console:quarantine")
    return f"{address}?reason={reason}" if reason in Quarantined.Reason.values else address


pages = [
    path("quarantine/", page("metering.read")(quarantine), name="quarantine"),
    path("quarantine/replay/", page(actions.ABILITY)(replay), name="quarantine_replay"),
    path("quarantine/dismiss/", page(actions.ABILITY)(dismiss), name="quarantine_dismiss"),
]
