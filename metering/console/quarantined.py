"""One quarantined event, a conflict beside the event that counts; and all of a reason replayed, batch after batch."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from metering.actions import quarantine as actions
from metering.actions.ingest import Receipt
from metering.actions.sweep import sent_body
from metering.console.quarantine import CRUMB, WHAT_MENDS, guard
from metering.models import Quarantined
from metering.queries.events import shown_of
from metering.queries.revisions import chains
from metering.rules.side_by_side import pairs
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, tell

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


@require_POST
def replay_all(request: StaffRequest) -> HttpResponse:
    """Replay the next rows of a reason and show how far it is; the page asks for the rest by itself."""
    guard(request)
    reason, state = request.POST.get("reason", ""), _state(request)
    if not state["until"]:
        state |= actions.extent(environment=request.environment, reason=reason)
    ids = actions.open_ids(
        environment=request.environment, reason=reason, after=state["after"], until=state["until"], most=STEP
    )
    outcome: Outcome[Receipt] = Outcome()
    if ids:
        outcome = perform(request, actions.replay, environment=request.environment, ids=ids)
        tell(request, outcome)
    if outcome.value is not None:
        counted = sum(item.status in COUNTED for item in outcome.value.items)
        state["counted"] += counted
        state["still"] += len(ids) - counted
        state |= {"after": ids[-1], "done": state["done"] + len(ids)}
    context = {
        "state": state, "hidden": state.items(), "reason": reason, "goes_on": bool(outcome) and len(ids) == STEP,
        "label": f"Replay all: {dict(Quarantined.Reason.choices).get(reason, reason)}",
    }  # fmt: skip
    crumbs = [(CRUMB[0], reverse(CRUMB[1]))]
    parts = ["replaying"]
    return show(
        request, "metering/replaying.html", context, title="Replay", crumbs=crumbs, parts=parts, status=outcome.status
    )


def _state(request: StaffRequest) -> dict[str, Any]:
    found = {name: request.POST.get(name, "0") for name in COUNTS}
    return {
        name: int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0 for name, text in found.items()
    }


pages = [
    path("quarantine/<int:pk>/", page("metering.read")(quarantined), name="quarantined"),
    path("quarantine/replay-all/", page(actions.ABILITY)(replay_all), name="quarantine_replay_all"),
]
