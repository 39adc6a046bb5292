"""Events in the console as they arrive, and found again: by account, type, source, id, or in the order of their time.

The page asks for its rows every two seconds while somebody looks at it and tells what it has seen: nothing new is
answered with 204 and swaps nothing.
"""

import json
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from metering.console.seen import Seen, below, place_in
from metering.queries import listed
from metering.queries.feed import PAGE, Asked, arrived, feed, with_id
from metering.rules import places
from monetization.foundation.console import page, show
from monetization.foundation.models import AccountAlias
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.web import StaffRequest
from monetization.values.errors import Invalid

FILTERS = ("account", "type", "source", "id", "show")
SHOWN = {"": "All arrivals", "accepted": "Accepted only", "aside": "Quarantined only"}


@require_safe
def events(request: StaffRequest) -> HttpResponse:
    """List arrivals, the latest first, and keep the list up to date."""
    chosen = {name: request.GET.get(name, "").strip() for name in FILTERS}
    whole = sees_all_customers(request.user)
    if request.GET.get("order") == "time" or request.GET.get("after"):
        context = _by_time(request, chosen, whole)
    else:
        context = _arrivals(request, chosen, whole)
    seen, now_seen = Seen.read(request.GET.get("seen", "")), Seen.of(context["rows"])
    if seen == now_seen:
        return HttpResponse(status=204)
    fresh = [each for each in context["rows"] if seen and seen.lacks(each)]
    context |= {
        "asked": chosen,
        "filtered": any(chosen.values()),
        "kinds": SHOWN.items() if whole else (),
        "seen": now_seen,
        "rows": [(each, each in fresh) for each in context["rows"]],
        "filters": urlencode({name: value for name, value in chosen.items() if value}),
        "now": timezone.now(),
    }
    response = show(request, "metering/events.html", context, title="Events", parts=["rows"])
    if seen:
        response["HX-Trigger"] = json.dumps({"arrived": {"count": len(fresh), "more": len(fresh) == PAGE}})
    return response


def _arrivals(request: StaffRequest, chosen: dict[str, str], whole: bool) -> dict[str, Any]:
    """Look at arrivals in their order, or for an id at all of time."""
    asked = _asked(request, chosen, whole)
    kinds = {"events": chosen["show"] != "aside" or not whole, "aside": whole and chosen["show"] != "accepted"}
    start = place_in(request.GET.get("below", ""))
    found = with_id(asked=asked, **kinds) if chosen["id"] else feed(asked=asked, below=start, **kinds)
    return {"rows": list(found.rows), "earlier": below(found), "live": not (start or chosen["id"]), "later": start}


def _by_time(request: StaffRequest, chosen: dict[str, str], whole: bool) -> dict[str, Any]:
    """Look at events in the order of their own time."""
    try:
        before = places.read(request.GET.get("after"))
    except Invalid as error:
        raise Http404(error.message) from error
    asked = _asked(request, chosen, whole)
    found = listed(
        environment=request.environment, accounts=asked.accounts, type=asked.type, source=asked.source,
        event_id=asked.event_id, before=before,
    )  # fmt: skip
    after = urlencode({"order": "time", "after": places.written(found.next)}) if found.next else ""
    return {"rows": arrived(found.events), "earlier": after, "live": False, "by_time": True, "later": before}


def _asked(request: StaffRequest, chosen: dict[str, str], whole: bool) -> Asked:
    """Read the filters; without an account whoever sees every customer sees all of them."""
    key, accounts, subjects = chosen["account"], None, None
    if key or not whole:
        seen = accounts_for(request.user, request.environment)
        accounts = list((seen.filter(key=key) if key else seen).values_list("pk", flat=True))
    if key:
        subjects = {key, *AccountAlias.objects.filter(account__in=accounts or ()).values_list("alias", flat=True)}
    return Asked(request.environment, accounts, subjects, chosen["type"], chosen["source"], chosen["id"])


pages = [path("events/", page("metering.read")(events), name="events")]
