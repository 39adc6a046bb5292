"""All of a reason replayed, batch after batch, with its progress."""

from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from metering.actions import quarantine as actions
from metering.actions.ingest import Receipt
from metering.console.quarantine import CRUMB, guard
from metering.models import Quarantined
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, tell

STEP = 2000  # rows replayed by one request
COUNTED, COUNTS = ("accepted", "duplicate"), ("after", "until", "whole", "done", "counted", "still")


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


pages = [path("quarantine/replay-all/", page(actions.ABILITY)(replay_all), name="quarantine_replay_all")]
