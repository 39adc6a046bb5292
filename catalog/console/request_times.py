"""Another time for what is scheduled; what it takes to ask for it."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from catalog.actions import scheduled
from monetization.foundation.console import page
from monetization.foundation.queries import requests_for
from monetization.foundation.web import Outcome, StaffRequest, instant_in, perform, refused, tell
from monetization.values.errors import DomainError


@page("foundation.read")
@require_POST
def reschedule(request: StaffRequest, pk: int) -> HttpResponse:
    """Move everything in it to another instant, and ask again."""
    found = get_object_or_404(requests_for(request.user, request.environment), pk=pk)
    typed = request.POST
    try:
        when = instant_in(typed.get("effective_at", ""), request.user.time_zone, "effective_at")
        reason = typed.get("reason", "").strip()
        outcome: Outcome[Any] = perform(request, scheduled.reschedule, request=found, effective_at=when, reason=reason)
    except DomainError as error:
        outcome = refused(error)
    tell(request, outcome)
    return HttpResponseRedirect(reverse("console:request", args=[pk]))


pages = [path("requests/<int:pk>/reschedule/", reschedule, name="request_reschedule")]
