"""One event corrected in the console: another content, after a look at what it changes; or none at all."""

from typing import Any

import msgspec
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from metering.actions import corrections as actions
from metering.actions.sweep import sent_body
from metering.console.corrections import told
from metering.models import Correction
from metering.queries.corrections import Plan, to_amend
from metering.queries.revisions import Chain, chains
from metering.rules.envelope import written
from metering.rules.side_by_side import pairs
from metering.rules.typed import exact_json
from metering.stores.postgres import Stored
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused
from monetization.values.errors import DomainError, NotFound

_encoder = msgspec.json.Encoder(decimal_format="number")
TYPED = ("subject", "type", "time", "data", "reason")


@require_http_methods(["GET", "HEAD", "POST"])
def amend(request: StaffRequest, source: str, event_id: str) -> HttpResponse:
    """Give an event another content: first what it would change, then do it."""
    now = _counting(request, source, event_id)
    typed = _typed_in(request) if request.method == "POST" else _form_of(now)
    outcome: Outcome[Any] = Outcome()
    plan: Plan | None = None
    if request.method == "POST":
        outcome, plan = _amend(request, now, typed)
        if isinstance(outcome.value, Correction):
            return redirect("console:event", source, event_id)
    context = {
        "event": now, "typed": typed, "outcome": outcome, "plan": plan, "effects": told(request, plan),
        "pairs": pairs(sent_body(now), _body(now, typed)) if plan else (), "fields": " ".join(TYPED),
    }  # fmt: skip
    crumbs = [("Events", reverse("console:events")), (event_id, reverse("console:event", args=[source, event_id]))]
    return show(request, "metering/amend.html", context, title="Amend event", crumbs=crumbs, status=outcome.status)


@require_POST
def deprecate(request: StaffRequest, source: str, event_id: str) -> HttpResponse:
    """Let an event count no more."""
    _counting(request, source, event_id)
    return perform_and_go(
        request, actions.deprecate, reverse("console:event", args=[source, event_id]), "The event counts no more.",
        environment=request.environment, keys=[(source, event_id)], reason=request.POST.get("reason", "").strip(),
    )  # fmt: skip


def _counting(request: StaffRequest, source: str, event_id: str) -> Stored:
    """Find what counts of an event of an account that this person sees. Raises NotFound."""
    found: dict[tuple[str, str], Chain] = chains(environment_id=request.environment.pk, keys=[(source, event_id)])
    chain = found.get((source, event_id))
    seen = accounts_for(request.user, request.environment)
    if chain is None or chain.counting is None or not seen.filter(pk=chain.counting.account_id).exists():
        raise NotFound("There is no such event that counts")
    return chain.counting


def _amend(request: StaffRequest, now: Stored, typed: dict[str, str]) -> tuple[Outcome[Any], Plan | None]:
    try:
        body = _body(now, typed)
        if request.POST.get("step") == "apply":
            done = perform(
                request, actions.amend, environment=request.environment, events=[body], reason=typed["reason"]
            )
            return _beside(done), None
        return Outcome(), to_amend(environment=request.environment, bodies=[body], at=timezone.now())
    except DomainError as error:
        return _beside(refused(error)), None


def _beside(outcome: Outcome[Any]) -> Outcome[Any]:
    """Put refusals of the one event beside the fields of the form."""
    for error in outcome.errors:
        inner = (error.field or "").removeprefix("events[0]").removeprefix(".")
        error.field = "data" if inner.startswith("data") else inner if inner in TYPED else error.field
    return outcome


def _body(now: Stored, typed: dict[str, str]) -> dict[str, Any]:
    body = {"id": now.event_id, "source": now.source, "type": typed["type"], "subject": typed["subject"]}
    body |= {"data": exact_json(typed["data"])} if typed["data"].strip() else {}
    return body | {"time": typed["time"]} if typed["time"].strip() else body


def _form_of(now: Stored) -> dict[str, str]:
    data = msgspec.json.format(_encoder.encode(now.data), indent=2).decode()
    time = written(now.time) if now.is_time_given else ""
    return {"subject": now.subject, "type": now.type, "time": time, "data": data, "reason": ""}


def _typed_in(request: StaffRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").strip() for name in TYPED}


EVENT = "events/<token:source>/<token:event_id>"
pages = [
    path(f"{EVENT}/amend/", page(actions.ABILITY)(amend), name="event_amend"),
    path(f"{EVENT}/deprecate/", page(actions.ABILITY)(deprecate), name="event_deprecate"),
]
