"""One event in the console: what was sent, and what it counted towards. Lists of them are in `feed`."""

import json
from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from catalog.models import MetricVersion
from metering.actions.corrections import ABILITY
from metering.models import CorrectedEvent, EventRemoval, Quarantined
from metering.queries import counted_for
from metering.queries.events import chain, shown_of
from metering.queries.revisions import Chain
from metering.rules.book import hour_of
from metering.stores.postgres import Stored
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest
from monetization.values.errors import NotFound
from monetization.values.money import plain
from monetization.values.periods import local_date

CRUMB = ("Events", "console:events")


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
        "hour": hour_of(stored.time),
        "local_day": local_date(stored.time, account.time_zone),
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
    path("events/<token:source>/<token:event_id>/", page("metering.read")(one_event), name="event"),
]
