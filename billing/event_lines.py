"""The part of an event's page that billing knows: which invoice line bills it, or why none does.

The event's page is metering's, which knows nothing of invoices; it asks for this part by its address and links to
it, where it is a page of its own.
"""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from billing.models import Invoice
from billing.queries.event_lines import Billed, invoices_around, lines_of
from metering.models import EventRemoval
from metering.queries import event
from metering.queries.admission import book_of
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest
from monetization.values.errors import NotFound


@page("billing.read")
@require_safe
def event_lines(request: StaffRequest, source: str, event_id: str) -> HttpResponse:
    """Show the invoice lines of an event."""
    stored = event(environment=request.environment, source=source, event_id=event_id)
    account = accounts_for(request.user, request.environment).filter(pk=stored.account_id).first()
    if account is None:
        raise NotFound("There is no such event")
    removal = EventRemoval.objects.filter(event_seq=stored.seq).first()
    readings = book_of(request.environment.pk).readings(stored.type, stored.time, stored.data)
    around = invoices_around(request.environment, stored)
    found = lines_of(around, stored, readings)
    counted = [each for each in found if not each.came_late]
    context: dict[str, Any] = {
        "event": stored,
        "account": account,
        "removal": removal,
        "still": _still(counted, removal.removed_at) if removal else (),
        "lines": () if removal else counted,
        "late": [each.invoice for each in found if each.came_late],
        "around": around,
        "reads": bool(readings),
        "frozen": [each for each in around if _is_frozen_before(each, stored.received_at)],
    }
    crumbs = [
        ("Events", reverse("console:events")),
        (f"Event {event_id}", reverse("console:event", args=[source, event_id])),
    ]
    return show(
        request, "billing/event_lines.html", context, title="On which invoice line", crumbs=crumbs, parts=["lines"]
    )


def _still(lines: list[Billed], removed_at: datetime) -> list[Billed]:
    """Give the lines of invoices that were frozen before the event was taken out: they bill it still."""
    return [each for each in lines if each.invoice.reviewed_at and each.invoice.reviewed_at <= removed_at]


def _is_frozen_before(invoice: Invoice, received_at: datetime) -> bool:
    return invoice.reviewed_at is not None and invoice.reviewed_at < received_at


pages = [path("events/<token:source>/<token:event_id>/lines/", event_lines, name="event_lines")]
