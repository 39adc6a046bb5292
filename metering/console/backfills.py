"""Backfills in the console: begun from a metric version, watched while they work, compared account by account."""

import csv
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Abs
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.models import MetricVersion
from metering import tasks
from metering.actions import backfill as actions
from metering.models import Backfill, BackfillAccount
from metering.queries.progress import percent_done
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.rules.cells import safe
from monetization.foundation.web import StaffRequest, instant_in, perform, refused, tell
from monetization.values.errors import Invalid
from monetization.values.money import EXACT, plain, round_half_away

PAGE, PERCENT_PLACES = 50, 1
VERBS = {"pause": actions.pause, "resume": actions.resume, "cancel": actions.cancel}
HEAD = ("account", "name", "before", "after", "difference", "percent", "readings_before", "readings_after", "unit")


def backfills_in(request: StaffRequest) -> QuerySet[Backfill]:
    """Find the backfills of the environment."""
    found = Backfill.objects.filter(environment=request.environment)
    return found.select_related("metric_version__metric", "made_by")


@require_safe
def backfills(request: StaffRequest) -> HttpResponse:
    """List backfills, newest first."""
    rows = Paginator(backfills_in(request), PAGE).get_page(request.GET.get("page"))
    context = {"rows": rows, "now": timezone.now()}
    return show(request, "metering/backfills.html", context, title="Backfills", crumbs=_crumbs())


@require_safe
def backfill(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a backfill: progress, then what each account had and would have; `format=csv` gives that as a file."""
    row = get_object_or_404(backfills_in(request), pk=pk)
    found, search = _accounts(request, row), request.GET.get("q", "").strip()
    changed = request.GET.get("changed") == "1"
    if request.GET.get("format") == "csv":
        return _sheet(row, found)
    rows = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "row": row, "version": row.metric_version, "percent": percent_done(row), "now": timezone.now(),
        "rows": rows, "compared": [(each, *_difference(each)) for each in rows], "q": search, "changed": changed,
        "faults": row.faults.all() if sees_all_customers(request.user) else (),
        "may_run": request.user.has_perm(actions.ABILITY), "is_active": row.status in ("WAITING", "RUNNING"),
    }  # fmt: skip
    title = f"{'Mending' if row.is_mend else 'Backfill'} of {row.metric_version}"
    crumbs = [*_crumbs(), ("Backfills", reverse("console:backfills"))]
    return show(request, "metering/backfill.html", context, title=title, crumbs=crumbs, parts=["progress", "found"])


def _accounts(request: StaffRequest, row: Backfill) -> QuerySet[BackfillAccount]:
    """Find the accounts that the address chooses, of those this person sees; the largest difference first."""
    seen = accounts_for(request.user, request.environment)
    found = row.accounts.filter(account__in=seen).select_related("account")
    search = request.GET.get("q", "").strip()
    if search:
        found = found.filter(Q(account__key__icontains=search) | Q(account__name__icontains=search))
    if request.GET.get("changed") == "1":
        found = found.exclude(before=F("after"))
    ordered: QuerySet[BackfillAccount] = found.order_by(Abs(F("after") - F("before")).desc(), "pk")
    return ordered


def _difference(each: BackfillAccount) -> tuple[Decimal, Decimal | None]:
    difference = EXACT.subtract(each.after, each.before)
    if not each.before:
        return difference, None
    return difference, round_half_away(100 * Fraction(difference) / Fraction(each.before), PERCENT_PLACES)


def _sheet(row: Backfill, found: Iterable[BackfillAccount]) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="backfill-{row.pk}.csv"'
    writer = csv.writer(answer)
    writer.writerow(HEAD)
    for each in found:
        difference, percent = _difference(each)
        numbers = [plain(each.before), plain(each.after), plain(difference), "" if percent is None else plain(percent)]
        names = [safe(each.account.key), safe(each.account.name)]
        writer.writerow([*names, *numbers, each.events_before, each.events_after, safe(row.metric_version.unit)])
    return answer


@require_POST
def begin(request: StaffRequest, pk: int) -> HttpResponse:
    """Order a backfill of a version, or the mending of a range."""
    versions = MetricVersion.objects.filter(metric__environment=request.environment).select_related("metric")
    version, typed = get_object_or_404(versions, pk=pk), request.POST
    asked: dict[str, Any] = {}
    try:
        for name in ("starts_at", "ends_at"):
            asked[name] = instant_in(typed.get(name, ""), request.user.time_zone, name)
    except Invalid as error:
        tell(request, refused(error))
        return redirect("console:metric_version", pk)
    outcome = perform(request, actions.begin, version=version, reason=typed.get("reason", "").strip(), **asked)
    tell(request, outcome)
    if outcome.value is None:
        return redirect("console:metric_version", pk)
    tasks.run_backfill.delay_on_commit(outcome.value.pk)
    return redirect("console:backfill", outcome.value.pk)


@require_POST
def turn(request: StaffRequest, pk: int, verb: str) -> HttpResponse:
    """Pause, resume or cancel."""
    row = get_object_or_404(backfills_in(request), pk=pk)
    tell(request, perform(request, VERBS[verb], backfill=row))
    tasks.run_backfill.delay_on_commit(row.pk)
    return redirect("console:backfill", pk)


def _crumbs() -> list[tuple[str, str]]:
    return [("Metrics", reverse("console:catalog_metric_changelist"))]


pages = [
    path("backfills/", page("metering.read")(backfills), name="backfills"),
    path("backfills/<int:pk>/", page("metering.read")(backfill), name="backfill"),
    path("metrics/versions/<int:pk>/backfill/", page(actions.ABILITY)(begin), name="backfill_begin"),
    *(
        path(f"backfills/<int:pk>/{verb}/", page(actions.ABILITY)(turn), {"verb": verb}, name=f"backfill_{verb}")
        for verb in VERBS
    ),
]
