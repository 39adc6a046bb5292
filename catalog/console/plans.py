"""Plans: what is in force at a glance, versions in time, who signed up; a new plan, a new version."""

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.actions import plans
from catalog.models import Plan, PlanVersion
from catalog.queries.plans import contracts_of, package_of, version_on, words_of
from catalog.rules.plans.words import least_price
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, perform, tell

OPEN = ("DRAFT", "SUBMITTED")
PER_PAGE = 50


def plans_in(request: StaffRequest) -> QuerySet[Plan]:
    """Return the plans of the environment that this person works in."""
    return Plan.objects.filter(environment=request.environment).select_related("owner")


def plan_crumbs(plan: Plan | None = None) -> list[Crumb]:
    """Lead from the list of plans to a page below it."""
    start: list[Crumb] = [("Plans", reverse("console:catalog_plan_changelist"))]
    return start if plan is None else [*start, (plan.name, reverse("console:plan", args=[plan.pk]))]


def state_of(version: PlanVersion, live: PlanVersion | None, today: date) -> tuple[str, str]:
    """Say where a version stands in time: (state, words)."""
    if version.status != "APPROVED":
        return version.status, version.get_status_display()
    if live is not None and version.pk == live.pk:
        return "LIVE", "In force"
    assert version.effective_date is not None  # it is approved
    return ("NEXT", "Scheduled") if version.effective_date > today else ("ENDED", "Superseded")


@page("catalog.read")
@require_safe
def plan_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a plan."""
    plan, today = get_object_or_404(plans_in(request), pk=pk), timezone.now().date()
    live = version_on(plan, today)
    versions = list(plan.versions.select_related("created_by", "plan").order_by("-number"))
    mine = contracts_of(plan).filter(account__in=accounts_for(request.user, request.environment))
    package = package_of(live) if live is not None else None
    context = {
        "plan": plan, "live": live, "package": package, "words": words_of(live) if live is not None else (),
        "prices": [(code, least_price(package, code)) for code in package.currencies] if package else (),
        "versions": [(each, *state_of(each, live, today)) for each in versions],
        "next": next((each for each in versions if state_of(each, live, today)[0] == "NEXT"), None),
        "open": [each for each in versions if each.status in OPEN],
        "contracts": Paginator(mine, PER_PAGE).get_page(request.GET.get("page")),
        "may_draft": request.user.has_perm(plans.DRAFT), "now": timezone.now(),
    }  # fmt: skip
    return show(request, "catalog/plan.html", context, title=plan.name, crumbs=plan_crumbs())


@page(plans.DRAFT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: StaffRequest) -> HttpResponse:
    """Make a plan."""
    typed = request.POST
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        outcome = perform(
            request, plans.create, environment=request.environment, key=typed.get("key", "").strip(),
            name=typed.get("name", "").strip(), description=typed.get("description", "").strip(), owner=request.user,
        )  # fmt: skip
    if outcome.value:
        return HttpResponseRedirect(reverse("console:plan", args=[outcome.value.pk]))
    context = {"outcome": outcome, "typed": typed}
    return show(
        request, "catalog/plan_new.html", context, title="New plan", crumbs=plan_crumbs(), status=outcome.status
    )


@page(plans.DRAFT)
@require_POST
def draft(request: StaffRequest, pk: int) -> HttpResponse:
    """Start a version equal to the newest approved one, or to the one that was chosen."""
    plan, chosen = get_object_or_404(plans_in(request), pk=pk), request.POST.get("based_on", "")
    base = get_object_or_404(plan.versions, pk=chosen) if chosen.isdigit() and len(chosen) < 19 else None
    outcome = perform(request, plans.draft, plan=plan, based_on=base)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:plan_version", args=[outcome.value.pk]))
    tell(request, outcome)
    return HttpResponseRedirect(reverse("console:plan", args=[pk]))


pages = [
    path("plans/new/", new_plan, name="plan_new"),
    path("plans/<int:pk>/", plan_page, name="plan"),
    path("plans/<int:pk>/draft/", draft, name="plan_draft"),
]
