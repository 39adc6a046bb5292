"""Metrics: what is counted, how each version reads events, where it is priced; draft, submit, decide."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.actions import metrics
from catalog.console.metric_forms import draft_in, form_of, typed_form
from catalog.console.metric_words import Words, before_of, typed_words, words_of
from catalog.console.standing import standing_of, timeline
from catalog.models import Charge, Metric, MetricVersion
from catalog.queries.metrics import as_terms
from catalog.rules.terms import FilterOp
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused, tell
from monetization.values.errors import DomainError

DRAFT = "catalog.draft_metric"
form_page = require_http_methods(["GET", "HEAD", "POST"])


def metrics_in(request: StaffRequest) -> QuerySet[Metric]:
    """Return the metrics of the environment that this person works in."""
    return Metric.objects.filter(environment=request.environment).select_related("owner")


def versions_in(request: StaffRequest) -> QuerySet[MetricVersion]:
    """Return the metric versions of the environment that this person works in."""
    found = MetricVersion.objects.filter(metric__environment=request.environment)
    return found.select_related("metric", "request", "last_edited_by").prefetch_related("measures", "dimensions")


def crumbs_to(metric: Metric | None = None) -> list[Crumb]:
    """Lead from the list of metrics to a page below it."""
    start: list[Crumb] = [("Metrics", reverse("console:catalog_metric_changelist"))]
    return start if metric is None else [*start, (metric.name, reverse("console:metric", args=[metric.pk]))]


@page("catalog.read")
@require_safe
def metric_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a metric."""
    metric, now = get_object_or_404(metrics_in(request), pk=pk), timezone.now()
    versions = list(versions_in(request).filter(metric=metric).order_by("-number"))
    live = _live(versions, now)
    charges = Charge.objects.filter(metric=metric, version__status="APPROVED")
    context = {
        "metric": metric,
        "versions": [(version, *_state(version, live, now)) for version in versions],
        "live": live,
        "said": words_of(as_terms(live), None) if live else None,
        "charges": charges.select_related("version__rate_card", "product").order_by("-version__number")[:50],
        "may_draft": request.user.has_perm(DRAFT),
        "is_owner": metric.owner_id == request.user.pk,
        "now": now,
    }
    return show(request, "catalog/metric.html", context, title=metric.name, crumbs=crumbs_to())


def _live(versions: list[MetricVersion], now: datetime) -> MetricVersion | None:
    begun = [v for v in versions if v.status == "APPROVED" and v.effective_at <= now]
    return max(begun, key=lambda version: version.effective_at, default=None)


def _state(version: MetricVersion, live: MetricVersion | None, now: datetime) -> tuple[str, str]:
    if version.status != "APPROVED":
        return version.status, version.get_status_display()
    if live is not None and version.pk == live.pk:
        return "LIVE", "In force"
    return ("NEXT", "Scheduled") if version.effective_at > now else ("ENDED", "Superseded")


@page("catalog.read")
@require_safe
def version_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one version: its meaning, who must still agree, its buttons."""
    return _render_version(request, get_object_or_404(versions_in(request), pk=pk), Outcome())


def _render_version(request: StaffRequest, version: MetricVersion, outcome: Outcome[Any]) -> HttpResponse:
    now = timezone.now()
    siblings = list(versions_in(request).filter(metric=version.metric_id))
    before = before_of([one for one in siblings if one.pk != version.pk], version.effective_at)
    state, label = _state(version, _live(siblings, now), now)
    context = {
        "version": version, "said": words_of(as_terms(version), before), "state": state, "label": label,
        "now": now, "outcome": outcome, "typed": request.POST,
        "standing": standing_of(version.request, request.user) if version.request else None,
        "timeline": timeline(version.request) if version.request else (),
        "may_edit": version.is_draft and request.user.has_perm(DRAFT),
        "may_backfill": request.user.has_perm("metering.run_backfill"),
    }  # fmt: skip
    title, crumbs = f"{version.metric.name} v{version.number}", crumbs_to(version.metric)
    return show(request, "catalog/metric_version.html", context, title=title, crumbs=crumbs, status=outcome.status)


@page(DRAFT)
@form_page
def new_metric(request: StaffRequest) -> HttpResponse:
    """Make a metric, then go on to draft its meaning."""
    typed = request.POST
    outcome: Outcome[Metric] = Outcome()
    if request.method == "POST":
        outcome = perform(
            request, metrics.create, environment=request.environment, key=typed.get("key", "").strip(),
            name=typed.get("name", "").strip(), description=typed.get("description", "").strip(), owner=request.user,
        )  # fmt: skip
    if outcome.value:
        return HttpResponseRedirect(reverse("console:metric_draft", args=[outcome.value.pk]))
    context = {"outcome": outcome, "typed": typed}
    return show(
        request, "catalog/metric_new.html", context, title="New metric", crumbs=crumbs_to(), status=outcome.status
    )


@page(DRAFT)
@form_page
def draft(request: StaffRequest, pk: int) -> HttpResponse:
    """Write down a new meaning, starting from the newest one."""
    metric = get_object_or_404(metrics_in(request), pk=pk)
    newest = versions_in(request).filter(metric=metric).order_by("-number").first()
    return _meaning_form(request, metric, newest, metrics.draft_version, {"metric": metric}, "Draft this version")


@page(DRAFT)
@form_page
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Replace a draft's meaning."""
    version = get_object_or_404(versions_in(request), pk=pk)
    return _meaning_form(
        request, version.metric, version, metrics.edit_version, {"version": version}, "Save this draft"
    )


def _meaning_form(
    request: StaffRequest, metric: Metric, start: MetricVersion | None, action: Any, what: dict[str, Any], words: str
) -> HttpResponse:
    outcome: Outcome[MetricVersion] = Outcome()
    if request.method == "POST" and "check" not in request.POST:
        outcome = _write(request, action, what)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:metric_version", args=[outcome.value.pk]))
    form = dict(typed_form(request.POST) if request.method == "POST" else form_of(start))
    form |= {"events": request.POST.get("events", "")}
    context = {
        "metric": metric, "form": form, "outcome": outcome, "words": words, "start": start,
        "said": _said(request, metric, start),
        "aggregations": MetricVersion.Aggregation.choices, "roundings": MetricVersion.Rounding.choices,
        "windows": MetricVersion.Window.choices, "agains": MetricVersion.Again.choices,
        "operators": [one.value for one in FilterOp],
    }  # fmt: skip
    title, crumbs = f"What {metric.name} counts", crumbs_to(metric)
    return show(
        request, "catalog/metric_form.html", context, title=title, crumbs=crumbs, parts=("said",), status=outcome.status
    )


def _said(request: StaffRequest, metric: Metric, start: MetricVersion | None) -> Words:
    """Put the form as it stands into words, compared with the version agreed last."""
    before = before_of(list(versions_in(request).filter(metric=metric)), None)
    if request.method == "POST":
        return typed_words(request.POST, before, timezone.now())
    return words_of(as_terms(start), before) if start else Words()


def _write(request: StaffRequest, action: Any, what: dict[str, Any]) -> Outcome[MetricVersion]:
    try:
        content = draft_in(request.POST, request.user.time_zone)
    except DomainError as error:
        return refused(error)
    return perform(request, action, content=content, **what)


@page(DRAFT)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval of a version."""
    version, typed = get_object_or_404(versions_in(request), pk=pk), request.POST
    title, reason = typed.get("title", "").strip(), typed.get("reason", "").strip()
    outcome = perform(request, metrics.submit, version=version, title=title, reason=reason)
    if not outcome:
        return _render_version(request, version, outcome)
    return HttpResponseRedirect(reverse("console:metric_version", args=[pk]))


@page(DRAFT)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    version = get_object_or_404(versions_in(request), pk=pk)
    to = reverse("console:metric", args=[version.metric_id])
    return perform_and_go(request, metrics.discard, to, f"{version} is discarded.", version=version)


@page("catalog.read")
@require_POST
def price_unseen(request: StaffRequest, pk: int) -> HttpResponse:
    """Let the owner say why the metric is priced before an event was seen."""
    metric = get_object_or_404(metrics_in(request), pk=pk)
    reason = request.POST.get("reason", "").strip()
    tell(request, perform(request, metrics.price_unseen, metric=metric, reason=reason))
    return HttpResponseRedirect(reverse("console:metric", args=[pk]))


pages = [
    path("metrics/new/", new_metric, name="metric_new"),
    path("metrics/<int:pk>/", metric_page, name="metric"),
    path("metrics/<int:pk>/draft/", draft, name="metric_draft"),
    path("metrics/<int:pk>/unseen/", price_unseen, name="metric_unseen"),
    path("metrics/versions/<int:pk>/", version_page, name="metric_version"),
    path("metrics/versions/<int:pk>/edit/", edit, name="metric_version_edit"),
    path("metrics/versions/<int:pk>/submit/", submit, name="metric_version_submit"),
    path("metrics/versions/<int:pk>/discard/", discard, name="metric_version_discard"),
]
