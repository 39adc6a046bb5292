"""Pages of policies: as a sentence, with every version and what it changed; drafted here, decided as a request."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monetization.foundation.actions import policies
from monetization.foundation.console import page, show
from monetization.foundation.models import Policy, PolicyVersion
from monetization.foundation.policy_forms import choices_for, content_in, typed_of
from monetization.foundation.policy_words import changes, kind_words, sentence_of
from monetization.foundation.queries import approval_needed
from monetization.foundation.queries.policies import newest_approved
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused, tell
from monetization.values.errors import DomainError

DRAFTS = "foundation.draft_policy"
form_page = require_http_methods(["GET", "HEAD", "POST"])


@page(DRAFTS)
@form_page
def new_policy(request: StaffRequest) -> HttpResponse:
    """Draft a policy: when it applies and who must agree."""
    typed = request.POST
    outcome: Outcome[PolicyVersion] = Outcome()
    if request.method == "POST":
        names = {"kind": typed.get("kind", ""), "name": typed.get("name", "").strip()}
        outcome = _perform(request, policies.draft_policy, environment=request.environment, **names)
        if outcome.value:
            return _go(outcome.value)
    context = {"outcome": outcome, "is_new": True, **choices_for(typed)}
    return show(request, "console/policy_form.html", context, title="New policy", crumbs=[_list()],
                status=outcome.status)  # fmt: skip


@page("foundation.read")
@require_safe
def policy_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a policy: what it asks now, and every version before and after."""
    policy = _policies(request, pk)
    versions = list(_versions(request).filter(policy=policy).order_by("-number"))
    now = newest_approved(policy)
    current = next((one for one in versions if now is not None and one.pk == now.pk), None)
    context: dict[str, Any] = {
        "policy": policy,
        "kind": kind_words(policy.kind),
        "current": current,
        "sentence": sentence_of(current) if current else None,
        "open": next((one for one in versions if one.status in {"DRAFT", "SUBMITTED"}), None),
        "versions": [(one, sentence_of(one)) for one in versions],
        "may_draft": request.user.has_perm(DRAFTS),
    }
    return show(request, "console/policy.html", context, title=policy.name, crumbs=[_list()])


@page(DRAFTS)
@form_page
def draft(request: StaffRequest, pk: int) -> HttpResponse:
    """Draft what a policy shall ask instead, starting from what it asks now."""
    policy = _policies(request, pk)
    typed = typed_of(newest_approved(policy))
    outcome: Outcome[PolicyVersion] = Outcome()
    if request.method == "POST":
        typed = request.POST.dict()
        outcome = _perform(request, policies.draft_version, policy=policy)
        if outcome.value:
            return _go(outcome.value)
    return _form(request, policy, typed, outcome)


@page(DRAFTS)
@require_POST
def end_policy(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for a version with which the policy asks nobody any more."""
    policy, reason = _policies(request, pk), request.POST.get("reason", "").strip()
    to = reverse("console:policy", args=[pk])
    outcome = perform(request, policies.propose_end, policy=policy, reason=reason)
    tell(request, outcome)
    return HttpResponseRedirect(reverse("console:request", args=[outcome.value.pk]) if outcome.value else to)


@page("foundation.read")
@require_safe
def version_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a version beside the one before it, and what approval it needs."""
    return _version(request, get_object_or_404(_versions(request), pk=pk), Outcome())


@page(DRAFTS)
@form_page
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    version = get_object_or_404(_versions(request), pk=pk)
    typed = typed_of(version)
    outcome: Outcome[PolicyVersion] = Outcome()
    if request.method == "POST":
        typed = request.POST.dict()
        outcome = _perform(request, policies.edit_version, version=version)
        if outcome.value:
            return _go(outcome.value)
    return _form(request, version.policy, typed, outcome)


@page(DRAFTS)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for decisions about a draft."""
    version, reason = get_object_or_404(_versions(request), pk=pk), request.POST.get("reason", "").strip()
    outcome = perform(request, policies.submit_version, version=version, reason=reason)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:request", args=[outcome.value.pk]))
    return _version(request, version, outcome)


@page(DRAFTS)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    version = get_object_or_404(_versions(request), pk=pk)
    to = reverse("console:policy", args=[version.policy_id])
    return perform_and_go(request, policies.discard_version, to, "Discarded.", version=version)


def _version(request: StaffRequest, version: PolicyVersion, outcome: Outcome[Any]) -> HttpResponse:
    before = _versions(request).filter(policy=version.policy, number__lt=version.number, status="APPROVED")
    old = before.order_by("-number").first()
    context: dict[str, Any] = {
        "version": version,
        "policy": version.policy,
        "kind": kind_words(version.policy.kind),
        "sentence": sentence_of(version),
        "before": old,
        "changes": changes(old, version),
        "answer": approval_needed(version, request.user, at=timezone.now()) if version.is_draft else None,
        "may_draft": request.user.has_perm(DRAFTS),
        "outcome": outcome,
        "typed": request.POST,
    }
    crumbs = [_list(), (version.policy.name, reverse("console:policy", args=[version.policy_id]))]
    title = f"{version.policy.name}, version {version.number}"
    return show(request, "console/policy_version.html", context, title=title, crumbs=crumbs, status=outcome.status)


def _form(request: StaffRequest, policy: Policy, typed: dict[str, str], outcome: Outcome[Any]) -> HttpResponse:
    context = {"outcome": outcome, "policy": policy, **choices_for({**typed, "kind": policy.kind})}
    crumbs = [_list(), (policy.name, reverse("console:policy", args=[policy.pk]))]
    return show(request, "console/policy_form.html", context, title=f"Change “{policy.name}”", crumbs=crumbs,
                status=outcome.status)  # fmt: skip


def _perform(request: StaffRequest, action: Any, **more: Any) -> Outcome[PolicyVersion]:
    try:
        content = content_in(request.POST.dict())
    except DomainError as error:
        return refused(error)
    return perform(request, action, content=content, **more)


def _policies(request: StaffRequest, pk: int) -> Policy:
    return get_object_or_404(Policy, environment=request.environment, pk=pk)


def _versions(request: StaffRequest) -> Any:
    found = PolicyVersion.objects.filter(policy__environment=request.environment)
    found = found.select_related("policy__environment", "request", "created_by", "last_edited_by")
    return found.prefetch_related("conditions", "roles")


def _go(version: PolicyVersion) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("console:policy_version", args=[version.pk]))


def _list() -> tuple[str, str]:
    return "Policies", reverse("console:foundation_policy_changelist")


pages = [
    path("policies/new/", new_policy, name="policy_new"),
    path("policies/<int:pk>/", policy_page, name="policy"),
    path("policies/<int:pk>/draft/", draft, name="policy_draft"),
    path("policies/<int:pk>/end/", end_policy, name="policy_end"),
    path("policy-versions/<int:pk>/", version_page, name="policy_version"),
    path("policy-versions/<int:pk>/edit/", edit, name="policy_version_edit"),
    path("policy-versions/<int:pk>/submit/", submit, name="policy_version_submit"),
    path("policy-versions/<int:pk>/discard/", discard, name="policy_version_discard"),
]
