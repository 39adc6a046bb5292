"""The part of “Send events” that waits for the first event and turns into it.

What it waits for (ids, account, how far arrivals had come) is signed into its address, so that nobody can ask it for
anything else.
"""

from datetime import datetime
from typing import Any

from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from metering.console.quarantine import WHAT_MENDS
from metering.queries import counted_for
from metering.queries.first import Found, Watch, look
from monetization.foundation.console import page
from monetization.foundation.models import ApiKey
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest
from monetization.values.money import plain

SALT, HOURS = "metering.start", 6


@require_safe
def arrived(request: StaffRequest) -> HttpResponse:
    """Say what came since the page was opened; 204 where that is what the page shows already."""
    waits = _waited_for(request)
    found = look(waits)
    if request.GET.get("state") == found.state:
        return HttpResponse(status=204)
    return render(request, "metering/parts/first_event.html", _found(request, found))


def signed(waits: Watch) -> str:
    """Write what a page waits for into its address."""
    told = [
        waits.environment.pk, waits.account.pk, list(waits.ids), waits.seq, waits.aside, waits.rejected,
        waits.opened_at.isoformat(), waits.key.pk if waits.key else 0,
    ]  # fmt: skip
    return signing.dumps(told, salt=SALT, compress=True)


def _waited_for(request: StaffRequest) -> Watch:
    """Read what the page waits for. Raises Http404 for what this product didn't sign, or long ago."""
    try:
        told = signing.loads(request.GET.get("watch", ""), salt=SALT, max_age=HOURS * 3600)
    except signing.BadSignature as error:
        raise Http404("Open the page again") from error
    environment, account_pk, ids, seq, aside, rejected, opened, key_pk = told
    account = accounts_for(request.user, request.environment).filter(pk=account_pk).first()
    if account is None or environment != request.environment.pk:
        raise Http404("Open the page again")
    key = ApiKey.objects.filter(pk=key_pk, environment=request.environment).first()
    return Watch(request.environment, account, ids, seq, aside, rejected, datetime.fromisoformat(opened), key)


def _found(request: StaffRequest, found: Found) -> dict[str, Any]:
    counted = counted_for(request.environment, found.event) if found.event else []
    return {
        "found": found,
        "watch": request.GET["watch"],
        "counted": [(metric, reading.dims, plain(reading.quantity)) for metric, reading in counted],
        "mends": WHAT_MENDS.get(found.aside.reason, "") if found.aside else "",
    }


pages = [path("send-events/arrived/", page("metering.read")(arrived), name="send_events_arrived")]
