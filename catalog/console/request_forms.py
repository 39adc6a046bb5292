"""Open a change request, or change a draft's words: title, why, research, links, owner, planned time."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.actions import bundles
from monetization.foundation.actions import requests
from monetization.foundation.console import page, show
from monetization.foundation.models import ChangeRequest, User
from monetization.foundation.queries import requests_for
from monetization.foundation.queries.governed import governed_row
from monetization.foundation.rules.approvals import RequestStatus
from monetization.foundation.rules.roles import OPENS
from monetization.foundation.templatetags.show import local_input
from monetization.foundation.web import Outcome, StaffRequest, instant_in, perform, refused, tell
from monetization.values.errors import DomainError, Invalid

FIELDS = "title reason notes links owner effective_at"


@page(*sorted(OPENS))
@require_http_methods(["GET", "HEAD", "POST"])
def new_request(request: StaffRequest) -> HttpResponse:
    """Open a request; with `subject` in the address that draft goes into it, or into one of those that are open."""
    subject = request.POST.get("subject") or request.GET.get("subject", "")
    row = governed_row(request.user, request.environment, subject) if subject else None
    outcome: Outcome[ChangeRequest] = Outcome()
    if request.method == "POST":
        outcome = _perform(request, requests.open_request, environment=request.environment)
        if outcome.value:
            if row is not None:
                tell(request, perform(request, bundles.add, request=outcome.value, row=row))
            return HttpResponseRedirect(reverse("console:request", args=[outcome.value.pk]))
    drafts = requests_for(request.user, request.environment).filter(status=RequestStatus.DRAFT.value)
    context = {"row": row, "subject": subject, "open": drafts.order_by("-pk")[:20] if row is not None else ()}
    typed = request.POST.dict() if request.method == "POST" else {"owner": str(request.user.pk)}
    return _form(request, "New change request", typed, outcome, context)


@page(*sorted(OPENS))
@require_http_methods(["GET", "HEAD", "POST"])
def edit_request(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft's words."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    outcome: Outcome[ChangeRequest] = Outcome()
    if request.method == "POST":
        outcome = _perform(request, requests.edit, request=found)
        if outcome.value:
            return HttpResponseRedirect(reverse("console:request", args=[pk]))
    typed = request.POST.dict() if request.method == "POST" else _kept(found, request.user)
    return _form(request, f"Edit “{found.title}”", typed, outcome, {"change": found})


def _perform(asked: StaffRequest, action: Any, **more: Any) -> Outcome[ChangeRequest]:
    try:
        said = _said(asked)
    except DomainError as error:
        return refused(error)
    return perform(asked, action, **said, **more)


def _said(request: StaffRequest) -> dict[str, Any]:
    typed = request.POST
    owner = typed.get("owner", "")
    people = User.objects.filter(is_staff=True, is_active=True)
    found = people.filter(pk=int(owner)).first() if owner.isdigit() and len(owner) < 19 else None
    if owner and found is None:
        raise Invalid("There is nobody like this", field="owner", fix="Choose from the list")
    return {
        "title": typed.get("title", "").strip()[:160],
        "reason": typed.get("reason", "").strip(),
        "notes": typed.get("notes", "").strip(),
        "links": typed.get("links", "").split(),
        "owner": found or request.user,
        "effective_at": instant_in(typed.get("effective_at", ""), request.user.time_zone, "effective_at"),
    }


def _kept(found: ChangeRequest, user: User) -> dict[str, str]:
    return {
        "title": found.title, "reason": found.reason, "notes": found.notes, "links": "\n".join(found.links),
        "owner": str(found.owner_id),
        "effective_at": local_input(found.effective_at, user.time_zone) if found.effective_at else "",
    }  # fmt: skip


def _form(
    request: StaffRequest, title: str, typed: dict[str, str], outcome: Outcome[ChangeRequest], more: dict[str, Any]
) -> HttpResponse:
    people = User.objects.filter(is_staff=True, is_active=True).order_by("name")
    context = {"typed": typed, "outcome": outcome, "people": people, "names": FIELDS, "now": timezone.now(), **more}
    crumbs = [("Change requests", reverse("console:foundation_changerequest_changelist"))]
    return show(request, "catalog/request_form.html", context, title=title, crumbs=crumbs, status=outcome.status)


pages = [
    path("requests/new/", new_request, name="request_new"),
    path("requests/<int:pk>/edit/", edit_request, name="request_edit"),
]
