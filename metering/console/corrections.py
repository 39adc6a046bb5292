"""Corrections in the console: what was corrected by whom, undone; a range replaced after a look at what it changes."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metering.actions import corrections as actions
from metering.models import Correction
from metering.queries.corrections import Plan, to_replace
from metering.queries.effects import effects
from metering.rules.typed import events_in
from monetization.foundation.console import page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.web import Outcome, StaffRequest, instant_in, perform, perform_and_go, refused
from monetization.values.errors import DomainError, Invalid, NotAllowed
from monetization.values.periods import Period

PAGE = 50
MOST_BYTES = 2 * 1024 * 1024
CRUMB = ("Corrections", "console:corrections")
FIELDS = ("account", "type", "starts_at", "ends_at", "events", "reason")


def corrections_in(request: StaffRequest) -> QuerySet[Correction]:
    """Find the corrections of the environment; they may name anybody's events."""
    if not sees_all_customers(request.user):
        raise NotAllowed("These events may belong to any customer")
    found = Correction.objects.filter(environment=request.environment)
    return found.select_related("account", "made_by", "undone_by", "undoes")


@require_safe
def corrections(request: StaffRequest) -> HttpResponse:
    """List corrections, newest first."""
    found, kind, search = corrections_in(request), request.GET.get("kind", ""), request.GET.get("q", "").strip()
    if kind in Correction.Kind.values:
        found = found.filter(kind=kind)
    if search:
        found = found.filter(events__event_id=search).distinct()
    context = {
        "rows": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "kind": kind, "kinds": Correction.Kind.choices, "q": search, "now": timezone.now(),
        "may_correct": request.user.has_perm(actions.ABILITY),
    }  # fmt: skip
    return show(request, "metering/corrections.html", context, title="Corrections", parts=["rows"])


@require_safe
def correction(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a correction and its events."""
    row = get_object_or_404(corrections_in(request), pk=pk)
    undone: Correction | None = getattr(row, "undone_by", None)
    context = {
        "row": row, "undone": undone, "now": timezone.now(),
        "events": Paginator(row.events.all(), PAGE).get_page(request.GET.get("page")),
        "may_undo": undone is None and request.user.has_perm(actions.ABILITY),
    }  # fmt: skip
    crumbs = [(CRUMB[0], reverse(CRUMB[1]))]
    return show(request, "metering/correction.html", context, title=f"Correction {row.pk}", crumbs=crumbs)


@require_POST
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Put back what a correction took out."""
    row = get_object_or_404(corrections_in(request), pk=pk)
    reason, to = request.POST.get("reason", "").strip(), reverse("console:correction", args=[pk])
    return perform_and_go(request, actions.undo, to, f"Correction {pk} is undone.", correction=row, reason=reason)


@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: StaffRequest) -> HttpResponse:
    """Replace a range: first what it would change, then do it."""
    corrections_in(request)
    typed = {name: request.POST.get(name, request.GET.get(name, "")) for name in FIELDS}
    outcome: Outcome[Any] = Outcome()
    plan: Plan | None = None
    if request.method == "POST":
        outcome, plan = _replace(request, typed)
        if isinstance(outcome.value, Correction):
            return redirect("console:correction", outcome.value.pk)
    accounts = accounts_for(request.user, request.environment).order_by("name")[:1000]
    context = {"typed": typed, "outcome": outcome, "plan": plan, "accounts": accounts, "zone": request.user.time_zone}
    context |= {"effects": told(request, plan), "fields": "account type starts_at ends_at reason"}
    crumbs = [(CRUMB[0], reverse(CRUMB[1]))]
    return show(
        request, "metering/replace.html", context, title="Replace a range", crumbs=crumbs, status=outcome.status
    )


def _replace(request: StaffRequest, typed: dict[str, str]) -> tuple[Outcome[Any], Plan | None]:
    try:
        typed["events"] = _text(request, typed["events"])
        asked = _asked(request, typed)
        if request.POST.get("step") == "apply":
            done = perform(request, actions.replace, reason=typed["reason"], **asked)
            return done, None
        bodies = asked.pop("events")
        return Outcome(), to_replace(bodies=bodies, at=timezone.now(), **asked)
    except DomainError as error:
        return refused(error), None


def _asked(request: StaffRequest, typed: dict[str, str]) -> dict[str, Any]:
    account = accounts_for(request.user, request.environment).filter(key=typed["account"]).first()
    if account is None:
        raise Invalid("Choose an account", field="account", fix="Its events are replaced")
    zone = request.user.time_zone
    starts_at, ends_at = (instant_in(typed[name], zone, name) for name in ("starts_at", "ends_at"))
    if starts_at is None or ends_at is None:
        missing = "starts_at" if starts_at is None else "ends_at"
        raise Invalid("Give the range", field=missing, fix="The first instant belongs to it, the last doesn't")
    events = events_in(typed["events"], account=account.key, type=typed["type"])
    return {
        "environment": request.environment, "account": account, "type": typed["type"].strip(),
        "period": Period(starts_at, ends_at), "events": events,
    }  # fmt: skip


def _text(request: StaffRequest, pasted: str) -> str:
    """Give what was uploaded, or else pasted; it is shown again, so that what is applied is what was looked at."""
    file = request.FILES.get("file")
    if file is None:
        return pasted
    raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise Invalid("The file is larger than 2 MB", field="events", fix="Replace the range in parts, or use the API")
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8", field="events", fix="Save it as UTF-8") from error


def told(request: StaffRequest, plan: Plan | None) -> list[dict[str, Any]]:
    """Write down what a plan changes, with the accounts by name."""
    found = effects(request.environment, plan) if plan else []
    names = Account.objects.in_bulk({each.account_id for each in found})
    return [{"account": names[each.account_id], "effect": each, "metric": each.metric} for each in found]


pages = [
    path("corrections/", page("metering.read")(corrections), name="corrections"),
    path("corrections/replace/", page(actions.ABILITY)(replace), name="correction_replace"),
    path("corrections/<int:pk>/", page("metering.read")(correction), name="correction"),
    path("corrections/<int:pk>/undo/", page(actions.ABILITY)(undo), name="correction_undo"),
]
