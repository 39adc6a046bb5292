"""A change request: what it changes, who must still decide and why, what was said; and the buttons for it."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.actions import changes, rollbacks
from catalog.actions.rights import may_draft
from catalog.console.request_differences import shown_items
from catalog.console.standing import standing_of, timeline
from catalog.models import RateCardVersion
from monetization.foundation.actions.requests import may_open
from monetization.foundation.console import page, show
from monetization.foundation.models import ChangeRequest
from monetization.foundation.queries import requests_for, subject_of
from monetization.foundation.queries.governed import drafts_in, kind_of
from monetization.foundation.rules.approvals import RequestStatus, Verdict
from monetization.foundation.web import StaffRequest, next_page, perform_and_go
from monetization.values.errors import NotFound

SAID = {
    Verdict.APPROVE: "Your approval is recorded.",
    Verdict.REJECT: "Rejected. Its makers see your reason.",
    Verdict.VETO: "Vetoed. This request can't come back.",
    Verdict.GREEN_LIGHT: "It passes with your green light.",
}


def requests_in(request: StaffRequest) -> QuerySet[ChangeRequest]:
    """Return the requests that this person may see."""
    return requests_for(request.user, request.environment)


@page("foundation.read")
@require_safe
def change_request(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a request."""
    found, now = get_object_or_404(requests_in(request).select_related("owner", "submitted_by"), pk=pk), timezone.now()
    context = {
        "change": found,
        "standing": standing_of(found, request.user),
        "items": shown_items(found, now),
        "target": _target(request, found, now),
        **_drafting(request, found),
        "timeline": timeline(found),
        "now": now,
    }
    crumbs = [("Inbox", reverse("console:inbox"))]
    return show(request, "catalog/request.html", context, title=found.title, crumbs=crumbs)


@page("foundation.read")
@require_POST
def decide(request: StaffRequest, pk: int) -> HttpResponse:
    """Say yes, no or veto to what was on the page (`seen` is its digest)."""
    found = get_object_or_404(requests_in(request), pk=pk)
    verdict, seen = request.POST.get("verdict", ""), request.POST.get("seen", "")
    if verdict not in Verdict.__members__ or not _is_hex(seen):
        raise NotFound("There is no such decision")
    reason, said = request.POST.get("reason", "").strip(), SAID[Verdict[verdict]]
    return perform_and_go(
        request, changes.decide, next_page(request, _address(pk)), said,
        request=found, verdict=Verdict[verdict], seen=bytes.fromhex(seen), reason=reason,
    )  # fmt: skip


@page("foundation.read")
@require_POST
def send_back(request: StaffRequest, pk: int) -> HttpResponse:
    """Return a request to its makers, so that its content can be edited again."""
    found = get_object_or_404(requests_in(request), pk=pk)
    reason = request.POST.get("reason", "").strip()
    to = next_page(request, _address(pk))
    return perform_and_go(request, changes.send_back, to, "It is a draft again.", request=found, reason=reason)


@page("foundation.read")
@require_POST
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a request."""
    found = get_object_or_404(requests_in(request), pk=pk)
    reason = request.POST.get("reason", "").strip()
    to = next_page(request, _address(pk))
    return perform_and_go(request, changes.withdraw, to, "Withdrawn.", request=found, reason=reason)


def _target(request: StaffRequest, found: ChangeRequest, now: datetime) -> RateCardVersion | None:
    """Return the version to which this person could roll it back."""
    target = rollbacks.target_of(found, now)
    return target if target is not None and may_draft(request.user, target.rate_card) else None


def _drafting(request: StaffRequest, found: ChangeRequest) -> dict[str, Any]:
    """Give what a draft's page needs: may this person put in and take out, and which drafts lie about."""
    if found.status != RequestStatus.DRAFT.value or not may_open(request.user):
        return {"may_edit": False}
    loose = drafts_in(request.user, request.environment)
    return {"may_edit": True, "loose": [(subject_of(row), kind_of(row).name, str(row)) for row in loose]}


def _address(pk: int) -> str:
    return reverse("console:request", args=[pk])


def _is_hex(text: str) -> bool:
    return len(text) == 64 and all(sign in "0123456789abcdef" for sign in text)


pages = [
    path("requests/<int:pk>/", change_request, name="request"),
    path("requests/<int:pk>/decide/", decide, name="request_decide"),
    path("requests/<int:pk>/send-back/", send_back, name="request_send_back"),
    path("requests/<int:pk>/withdraw/", withdraw, name="request_withdraw"),
]
