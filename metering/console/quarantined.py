"""One quarantined event; a conflict beside the event that counts."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from metering.actions import quarantine as actions
from metering.actions.sweep import sent_body
from metering.console.quarantine import CRUMB, WHAT_MENDS, guard
from metering.models import Quarantined
from metering.queries.events import shown_of
from metering.queries.revisions import chains
from metering.rules.side_by_side import pairs
from monetization.foundation.console import page, show
from monetization.foundation.web import StaffRequest

STEP = 2000  # rows replayed by one request
COUNTED, COUNTS = ("accepted", "duplicate"), ("after", "until", "whole", "done", "counted", "still")


@require_safe
def quarantined(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what was sent, for a conflict beside what is kept under its id."""
    guard(request)
    row = get_object_or_404(Quarantined.objects.filter(environment=request.environment), pk=pk)
    key = (row.source, row.event_id)
    chain = chains(environment_id=request.environment.pk, keys=[key]).get(key) if row.reason == "CONFLICT" else None
    kept = shown_of(chain) if chain else None
    laid = pairs(sent_body(kept) if kept else {}, row.body if isinstance(row.body, dict) else {})
    context = {
        "row": row, "kept": kept, "kept_counts": chain is not None and chain.counting is not None, "pairs": laid,
        "differing": sum(each.differs for each in laid), "mends": WHAT_MENDS.get(row.reason, ""),
        "may_settle": row.status == "OPEN" and request.user.has_perm(actions.ABILITY), "now": timezone.now(),
    }  # fmt: skip
    crumbs = [(CRUMB[0], reverse(CRUMB[1]))]
    return show(request, "metering/quarantined.html", context, title=f"Event {row.event_id}", crumbs=crumbs)


pages = [path("quarantine/<int:pk>/", page("metering.read")(quarantined), name="quarantined")]
