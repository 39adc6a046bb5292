"""Name a delegate for some days, and take it back. Days are those of the person's own time zone, both inclusive."""

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from monetization.foundation.actions import delegations
from monetization.foundation.console import page
from monetization.foundation.models import Delegation, User
from monetization.foundation.web import StaffRequest, day_in, perform_and_go, refused, tell
from monetization.values.errors import DomainError, Invalid
from monetization.values.periods import zone_of


@page("foundation.read")
@require_POST
def new_delegation(request: StaffRequest) -> HttpResponse:
    """Let a colleague decide in one's name from the first to the last day."""
    to = reverse("console:notice_settings")
    try:
        given = _read(request)
    except DomainError as error:
        tell(request, refused(error))
        return HttpResponseRedirect(to)
    return perform_and_go(request, delegations.delegate, to, "Named.", person=request.user, **given)


@page("foundation.read")
@require_POST
def end_delegation(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a delegation back."""
    mine = Delegation.objects.filter(Q(person=request.user) | Q(delegate=request.user))
    found = get_object_or_404(mine, pk=pk)
    to = reverse("console:notice_settings")
    return perform_and_go(request, delegations.take_back, to, "Taken back.", delegation=found)


def _read(request: StaffRequest) -> dict[str, Any]:
    typed, zone = request.POST, zone_of(request.user.time_zone)
    first, last = day_in(typed.get("first", ""), "first"), day_in(typed.get("last", ""), "last")
    if first is None or last is None:
        raise Invalid("From when until when?", field="first", fix="Give the first and the last day")
    number = typed.get("delegate", "")
    colleague = User.objects.filter(pk=int(number), is_staff=True).first() if number.isdigit() else None
    if colleague is None:
        raise Invalid("Who?", field="delegate", fix="Choose a colleague")
    return {
        "delegate": colleague,
        "starts_at": datetime.combine(first, time(), zone),
        "ends_at": datetime.combine(last + timedelta(days=1), time(), zone),
        "reason": typed.get("reason", "").strip(),
    }
