"""What people are told: the count in the shell's header, marking as read, how mail comes, comments on a request."""

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monetization.foundation.actions import comments, mailing, notices
from monetization.foundation.approval_pages import needed
from monetization.foundation.console import page, show
from monetization.foundation.delegation_pages import end_delegation, new_delegation
from monetization.foundation.queries import requests_for
from monetization.foundation.queries.notices import counts
from monetization.foundation.queries.standing_in import delegations_about
from monetization.foundation.rules.notices import By
from monetization.foundation.web import StaffRequest, perform, perform_and_go, tell
from monetization.values.errors import NotFound


@page("foundation.read")
@require_safe
def inbox_count(request: StaffRequest) -> HttpResponse:
    """Show how much waits and is new, for the header; an address of its own, so that no other page waits for it."""
    found = counts(request.user, request.environment, at=timezone.now())
    return render(request, "console/inbox_count.html", {"counts": found})


@page("foundation.read")
@require_POST
def read_all(request: StaffRequest) -> HttpResponse:
    """Mark everything that this person was told as read."""
    notices.mark_read(user=request.user, environment=request.environment, at=timezone.now())
    return HttpResponseRedirect(reverse("console:inbox"))


@page("foundation.read")
@require_POST
def say(request: StaffRequest, pk: int) -> HttpResponse:
    """Add a comment to a request."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    to, text = reverse("console:request", args=[pk]), request.POST.get("text", "")
    return perform_and_go(request, comments.comment, to, request=found, text=text)


@page("foundation.read")
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: StaffRequest) -> HttpResponse:
    """Choose how mail comes, and who decides while one is away."""
    now = timezone.now()
    if request.method == "POST":
        way = request.POST.get("by", "")
        if way not in By.__members__:
            raise NotFound("There is no such choice")
        tell(request, perform(request, mailing.prefer, user=request.user, way=By[way]))
        return HttpResponseRedirect(reverse("console:notice_settings"))
    kept = getattr(request.user, "mail_preference", None)
    context = {
        "by": kept.by if kept else By.AT_ONCE.value,
        "ways": [(one.value, one.label) for one in By],
        "now": now,
        **delegations_about(request.user, now),
    }
    return show(request, "console/notice_settings.html", context, title="Notices and delegates")


pages = [
    path("approval-needed/", needed, name="approval_needed"),
    path("inbox/count/", inbox_count, name="inbox_count"),
    path("inbox/read/", read_all, name="inbox_read"),
    path("inbox/settings/", settings, name="notice_settings"),
    path("delegations/new/", new_delegation, name="delegation_new"),
    path("delegations/<int:pk>/end/", end_delegation, name="delegation_end"),
    path("requests/<int:pk>/comment/", say, name="request_comment"),
]
