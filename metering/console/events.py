"""Events in the console: found by account, type and id; one event and what it counted towards."""

import json
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from catalog.models import MetricVersion
from metering.actions.corrections import ABILITY
from metering.models import CorrectedEvent, EventRemoval, Quarantined
from metering.queries import counted_for, listed
from metering.queries.events import chain, shown_of
from metering.queries.revisions import Chain, removed_of
from metering.rules import places
from metering.stores.postgres import Stored
from monetization.foundation.console import page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.web import StaffRequest
from monetization.values.errors import Invalid, NotFound
from monetization.values.money import plain

FILTERS = ("account", "type", "source", "id")
CRUMB = ("Events", "console:events")


@require_safe
def events(request: StaffRequest) -> HttpResponse:
    """List events, latest first."""
    asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
    try:
        before = places.read(request.GET.get("after"))
    except Invalid as error:
        raise Http404(error.message) from error
    found = listed(
        environment=request.environment, accounts=_accounts(request, asked["account"]), type=asked["type"],
        source=asked["source"], event_id=asked["id"], before=before,
    )  # fmt: skip
    names = Account.objects.in_bulk({each.account_id for each in found.events})
    gone = removed_of(each.seq for each in found.events)
    context = {
        "asked": asked,
        "filtered": any(asked.values()),
        "rows": [(each, names[each.account_id], each.seq in gone) for each in found.events],
        "after": places.written(found.next),
        "before": before,
    }
    return show(request, "metering/events.html", context, title="Events", parts=["rows"])


def _accounts(request: StaffRequest, key: str) -> list[int] | None:
    """Give the accounts to look at; None for all of them."""
    if not key and sees_all_customers(request.user):
        return None
    seen = accounts_for(request.user, request.environment)
    return list((seen.filter(key=key) if key else seen).values_list("pk", flat=True))


@require_safe
def one_event(request: StaffRequest, source: str, event_id: str) -> HttpResponse:
    """Show an event: what was sent, what it counted towards, what else was sent under its id."""
    found = chain(environment=request.environment, source=source, event_id=event_id)
    stored = shown_of(found)
    account = accounts_for(request.user, request.environment).filter(pk=stored.account_id).first()
    if account is None:
        raise NotFound("There is no such event")
    context = {
        "event": stored,
        "account": account,
        "data": json.dumps(stored.data, indent=2, ensure_ascii=False, default=_number),
        "digest": stored.digest.hex(),
        "counted": _counted(request, stored),
        "removal": EventRemoval.objects.filter(event_seq=stored.seq).select_related("correction").first(),
        "revisions": _revisions(found) if len(found.rows) > 1 or found.counting is None else (),
        "may_correct": found.counting is not None and request.user.has_perm(ABILITY),
        "others": Quarantined.objects.filter(environment=request.environment, source=source, event_id=event_id)[:20],
    }
    crumbs = [(CRUMB[0], reverse(CRUMB[1]))]
    return show(request, "metering/event.html", context, title=f"Event {event_id}", crumbs=crumbs)


def _revisions(found: Chain) -> list[dict[str, Any]]:
    """Tell each content, the newest first: what put it in, what took it out."""
    seqs = [each.seq for each in found.rows]
    people = "correction__made_by"
    came = {c.new_seq: c for c in CorrectedEvent.objects.filter(new_seq__in=seqs).select_related(people)}
    went = {r.event_seq: r for r in EventRemoval.objects.filter(event_seq__in=seqs).select_related(people)}
    return [{"event": each, "came": came.get(each.seq), "went": went.get(each.seq)} for each in reversed(found.rows)]


def _counted(request: StaffRequest, stored: Stored) -> list[dict[str, Any]]:
    read = counted_for(request.environment, stored)
    versions = MetricVersion.objects.select_related("metric").in_bulk({metric.version_id for metric, _ in read})
    return [
        {
            "metric": versions[metric.version_id].metric,
            "version": versions[metric.version_id],
            "dims": reading.dims,
            "quantity": plain(reading.quantity),
            "unit": metric.unit,
        }
        for metric, reading in read
    ]


def _number(value: Any) -> str:
    return str(value)


pages = [
    path("events/", page("metering.read")(events), name="events"),
    path("events/<token:source>/<token:event_id>/", page("metering.read")(one_event), name="event"),
]
