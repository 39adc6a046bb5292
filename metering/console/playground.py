"""The playground: events tried on a version of a metric, or on a form that nobody saved. Nothing is kept.

The form of a metric (in the catalog, below this app) posts itself here; the part `played` comes back into it.
"""

from datetime import date
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.console.metric_forms import COLUMNS, PLAIN, meaning_in
from catalog.models import MetricVersion
from catalog.queries.metrics import as_terms
from catalog.rules.meaning import sentence
from catalog.rules.metrics import metric_errors
from catalog.rules.terms import MetricTerms
from metering.queries import listed
from metering.queries.playground import owners_of
from metering.rules.pasted import pasted
from metering.rules.playground import Days, opened, play
from metering.rules.tried import Played, Verdict
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, day_in, refused
from monetization.values.errors import DomainError, Invalid, NotFound, refuse_if

LATEST, SHOWN_ACCOUNTS = 100, 1000
FORM = (*PLAIN, *(f"{table}_{column}" for table, columns in COLUMNS.items() for column in columns))
TONES = {
    Verdict.COUNTED: ("good", "counted"), Verdict.EARLIER: ("info", "before"), Verdict.OUTSIDE: ("quiet", "outside"),
    Verdict.OTHER: ("quiet", "other type"), Verdict.FILTERED: ("quiet", "left out"),
    Verdict.DUPLICATE: ("quiet", "duplicate"), Verdict.CONFLICT: ("bad", "conflict"),
    Verdict.REFUSED: ("warn", "quarantine"),
}  # fmt: skip
_encoder = msgspec.json.Encoder(decimal_format="number")


@page("catalog.read")
@require_http_methods(["GET", "HEAD", "POST"])
def playground(request: StaffRequest) -> HttpResponse:
    """Show what events would add to a metric."""
    typed, version = request.POST, _version(request)
    outcome: Outcome[Played] = Outcome()
    terms, text = None, typed.get("events", "")
    try:
        terms = _terms(request, version)
        if "load" in typed:
            text = _latest(request, terms)
        if text.strip():
            outcome = Outcome(_played(request, terms, text))
    except DomainError as error:
        outcome = refused(error)
    context = _context(request, version) | {
        "terms": terms, "sentence": sentence(terms) if terms and not metric_errors(terms) else "",
        "outcome": outcome, "played": outcome.value, "tones": TONES, "events": text, "typed": typed,
    }  # fmt: skip
    return show(
        request, "metering/playground.html", context, title="Playground", crumbs=_crumbs(version), parts=("played",),
        status=outcome.status,
    )  # fmt: skip


def _version(request: StaffRequest) -> MetricVersion | None:
    """Find the version that is asked for; nothing where the form of one was sent."""
    wanted = (request.POST or request.GET).get("version", "")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise NotFound("There is no such version")
    return get_object_or_404(_versions(request), pk=wanted)


def _versions(request: StaffRequest) -> QuerySet[MetricVersion]:
    found = MetricVersion.objects.filter(metric__environment=request.environment)
    return found.select_related("metric").prefetch_related("measures", "dimensions")


def _terms(request: StaffRequest, version: MetricVersion | None) -> MetricTerms | None:
    """Give the meaning to try: the form's, or the version's. Raises Invalid for a form that says nothing usable."""
    if version is None and "event_type" not in request.POST:
        return None
    if version is not None:
        return as_terms(version)
    terms = meaning_in(request.POST, timezone.now()).terms("", 0)
    refuse_if(metric_errors(terms))
    return terms


def _played(request: StaffRequest, terms: MetricTerms | None, text: str) -> Played:
    if terms is None:
        raise Invalid("No metric is chosen", field="version", fix="Choose a version")
    at, zone = timezone.now(), request.user.time_zone
    found = opened(pasted(text), at)
    owners = owners_of(accounts_for(request.user, request.environment), request.environment, found)
    return play(terms, found, owners, zone=zone, at=at, days=_days(request))


def _days(request: StaffRequest) -> Days | None:
    first = day_in(request.POST.get("first", ""), "first")
    last = day_in(request.POST.get("last", ""), "last")
    if first is None and last is None:
        return None
    start = first or (last or date.min)
    end = last or start
    if not 0 <= (end - start).days <= 400 or not 2000 <= start.year < 2199:
        raise Invalid("The period can't be used", field="last", fix="Choose at most 400 days, the first one first")
    return start, end


def _latest(request: StaffRequest, terms: MetricTerms | None) -> str:
    """Give an account's latest events as one a line; those of the metric's type."""
    if not request.user.has_perm("metering.read"):
        raise Invalid("Events are not for you to see", field="account", fix="Paste some")
    key = request.POST.get("account", "")
    account = accounts_for(request.user, request.environment).filter(key=key).first()
    if account is None:
        raise Invalid("There is no such account", field="account", fix="Choose one")
    kind = terms.event_type if terms else ""
    found = listed(environment=request.environment, accounts=[account.pk], type=kind, limit=LATEST)
    return "\n".join(
        _encoder.encode({
            "id": each.event_id, "source": each.source, "type": each.type, "subject": each.subject,
            "time": each.time, "data": each.data,
        }).decode()
        for each in reversed(found.events)
    )  # fmt: skip


def _context(request: StaffRequest, version: MetricVersion | None) -> dict[str, Any]:
    shown: list[Account] = []
    if request.user.has_perm("metering.read"):
        shown = list(accounts_for(request.user, request.environment).order_by("name")[:SHOWN_ACCOUNTS])
    carried = [(name, text) for name in FORM for text in request.POST.getlist(name)] if version is None else []
    choices = _versions(request).exclude(status__in=["REJECTED", "WITHDRAWN"]).order_by("metric__name", "-number")
    return {"version": version, "versions": choices[:500], "accounts": shown, "carried": carried, "latest": LATEST}


def _crumbs(version: MetricVersion | None) -> list[Crumb]:
    start: list[Crumb] = [("Metrics", reverse("console:catalog_metric_changelist"))]
    if version is None:
        return start
    metric = (version.metric.name, reverse("console:metric", args=[version.metric_id]))
    return [*start, metric, (f"v{version.number}", reverse("console:metric_version", args=[version.pk]))]


pages = [path("playground/", playground, name="playground")]
