"""A plan version in words beside the one before it; who must agree; and the buttons of its state."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.actions import plan_parts, plans
from catalog.console.plan_forms import FORMS
from catalog.console.plans import plan_crumbs, state_of
from catalog.console.standing import standing_of, timeline
from catalog.models import PlanVersion
from catalog.queries.plans import plan_changes, version_before, version_on
from catalog.rules.plans.words import SECTIONS
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go

NOTHING_YET: Outcome[Any] = Outcome()
KIND_OF = {section: kind for kind, section in SECTIONS.items()}
SIGNS = {"added": "+", "removed": "−", "changed": "~", "same": ""}


def versions_in(request: StaffRequest) -> QuerySet[PlanVersion]:
    """Return the plan versions of the environment that this person works in."""
    found = PlanVersion.objects.filter(plan__environment=request.environment)
    return found.select_related(
        "plan__environment", "plan__owner", "request", "based_on", "last_edited_by", "rate_card", "pinned_version",
        "legal_entity",
    )  # fmt: skip


@page("catalog.read")
@require_safe
def version_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a version."""
    return render_version(request, get_object_or_404(versions_in(request), pk=pk))


def render_version(request: StaffRequest, version: PlanVersion, outcome: Outcome[Any] = NOTHING_YET) -> HttpResponse:
    """Render the page; after a refusal with what is wrong."""
    now, before, may_draft = timezone.now(), version_before(version), request.user.has_perm(plans.DRAFT)
    found = plan_changes(before, version)
    state, label = state_of(version, version_on(version.plan, now.date()), now.date())
    context = {
        "version": version, "plan": version.plan, "before": before, "state": state, "label": label, "now": now,
        "lines": [(each, SIGNS[each.kind], KIND_OF.get(each.section, "")) for each in found],
        "moved": sum(each.kind != "same" for each in found), "kinds": [(kind, FORMS[kind].noun) for kind in FORMS],
        "may_draft": may_draft, "may_edit": version.is_draft and may_draft,
        "standing": standing_of(version.request, request.user) if version.request else None,
        "timeline": timeline(version.request) if version.request else (),
        "outcome": outcome, "typed": request.POST, "approve_words": f"Approve v{version.number}",
        "contracts": version.contracts.filter(status="APPROVED").count(),
    }  # fmt: skip
    title = f"{version.plan.name} v{version.number}"
    return show(
        request, "catalog/plan_version.html", context, title=title, crumbs=plan_crumbs(version.plan),
        status=outcome.status,
    )  # fmt: skip


@page(plans.DRAFT)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval; what is not ready yet is listed on the page."""
    version, typed = get_object_or_404(versions_in(request), pk=pk), request.POST
    title, reason = typed.get("title", "").strip(), typed.get("reason", "").strip()
    outcome = perform(request, plans.submit, version=version, title=title, reason=reason)
    if not outcome:
        return render_version(request, get_object_or_404(versions_in(request), pk=pk), outcome)
    return HttpResponseRedirect(reverse("console:plan_version", args=[pk]))


@page(plans.DRAFT)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    version = get_object_or_404(versions_in(request), pk=pk)
    to = reverse("console:plan", args=[version.plan_id])
    return perform_and_go(request, plans.discard, to, f"{version} is discarded.", version=version)


@page(plans.DRAFT)
@require_POST
def remove_part(request: StaffRequest, pk: int, kind: str, member: str) -> HttpResponse:
    """Take a part of a draft away."""
    version = get_object_or_404(versions_in(request), pk=pk)
    to = reverse("console:plan_version", args=[pk])
    return perform_and_go(
        request, plan_parts.remove_part, to, f"{member} is taken away.", version=version, kind=kind, key=member
    )


pages = [
    path("plans/versions/<int:pk>/", version_page, name="plan_version"),
    path("plans/versions/<int:pk>/submit/", submit, name="plan_version_submit"),
    path("plans/versions/<int:pk>/discard/", discard, name="plan_version_discard"),
    path("plans/versions/<int:pk>/parts/<str:kind>/<str:member>/remove/", remove_part, name="plan_part_remove"),
]
