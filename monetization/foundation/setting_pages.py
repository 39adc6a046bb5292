"""Pages of the console's settings that need more than a list: API keys, people and their roles."""

from datetime import UTC, datetime, time
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monetization.foundation.actions import access, people
from monetization.foundation.console import page, show
from monetization.foundation.models import ApiKey, User
from monetization.foundation.rules.keys import SCOPES
from monetization.foundation.rules.roles import ABILITIES, Role
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go
from monetization.values.errors import NotFound

KEYS, PEOPLE = "foundation.manage_api_keys", "foundation.manage_people"
AUDIT = "foundation.read_audit"
form_page = require_http_methods(["GET", "HEAD", "POST"])


# -- API keys


@page(KEYS)
@form_page
def new_key(request: StaffRequest) -> HttpResponse:
    """Issue a key and show its secret, this once."""
    typed = request.POST
    outcome: Outcome[tuple[ApiKey, str]] = Outcome()
    if request.method == "POST":
        outcome = perform(
            request, access.issue_key, environment=request.environment, owner=request.user,
            name=typed.get("name", "").strip(), scopes=typed.getlist("scopes"),
            expires_at=_end_of(typed.get("expires", "")),
        )  # fmt: skip
    key, secret = outcome.value or (None, "")
    context: dict[str, Any] = {"key": key, "secret": secret, "outcome": outcome, "typed": typed}
    context |= {"scopes": SCOPES.items(), "chosen": typed.getlist("scopes")}
    response = show(
        request, "console/key_new.html", context, title="New API key", crumbs=[_key_list()], status=outcome.status
    )
    response["Cache-Control"] = "no-store"
    return response


@page(KEYS, AUDIT)
@require_safe
def key_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a key, without what makes it one."""
    key = get_object_or_404(ApiKey, environment=request.environment, pk=pk)
    context = {"key": key, "now": timezone.now(), "scopes": [(name, SCOPES.get(name, "")) for name in key.scopes]}
    return show(request, "console/key.html", context, title=key.name, crumbs=[_key_list()])


@page(KEYS)
@require_POST
def revoke_key(request: StaffRequest, pk: int) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey, environment=request.environment, pk=pk)
    to, reason = reverse("console:api_key", args=[pk]), request.POST.get("reason", "").strip()
    return perform_and_go(request, access.revoke_key, to, "The key answers no more.", key=key, reason=reason)


def _key_list() -> tuple[str, str]:
    return "API keys", reverse("console:foundation_apikey_changelist")


def _end_of(day: str) -> datetime | None:
    """Read a date of a form as the last instant that it still serves, in UTC; None where there is none."""
    try:
        found = parse_date(day)
    except ValueError:
        found = None
    return datetime.combine(found, time(23, 59, 59), UTC) if found else None


# -- people and roles


@page(PEOPLE)
@form_page
def new_person(request: StaffRequest) -> HttpResponse:
    """Make a person; roles are given on the next page."""
    typed = request.POST
    outcome: Outcome[User] = Outcome()
    if request.method == "POST":
        outcome = perform(
            request, people.create_user, email=typed.get("email", "").strip(), name=typed.get("name", "").strip(),
            password=typed.get("password") or None, is_staff=typed.get("kind") != "customer",
            time_zone=typed.get("time_zone", "").strip() or "UTC",
        )  # fmt: skip
        if outcome.value:
            return HttpResponseRedirect(reverse("console:person", args=[outcome.value.pk]))
    context = {"outcome": outcome, "typed": typed}
    crumbs = [_people_list()]
    return show(request, "console/person_new.html", context, title="New person", crumbs=crumbs, status=outcome.status)


@page(PEOPLE, AUDIT)
@require_safe
def person_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a person, the roles held and what they open."""
    person = get_object_or_404(User, pk=pk)
    grants = person.role_grants.select_related("granted_by")
    held = {grant.role for grant in grants}
    context = {
        "person": person,
        "grants": [(grant, sorted(ABILITIES[Role(grant.role)])) for grant in grants],
        "free": [role for role in Role if role.value not in held],
        "memberships": person.memberships.select_related("customer"),
        "is_me": person.pk == request.user.pk,
        "may_manage": request.user.has_perm(PEOPLE),
    }
    return show(request, "console/person.html", context, title=str(person), crumbs=[_people_list()])


@page(PEOPLE)
@require_POST
def change_role(request: StaffRequest, pk: int) -> HttpResponse:
    """Give a role or take one away."""
    person, name = get_object_or_404(User, pk=pk), request.POST.get("role", "")
    if name not in Role.__members__:
        raise NotFound("There is no such role")
    action = people.take_role if request.POST.get("do") == "take" else people.grant_role
    return perform_and_go(request, action, reverse("console:person", args=[pk]), user=person, role=Role[name])


@page(PEOPLE)
@require_POST
def close_person(request: StaffRequest, pk: int) -> HttpResponse:
    """Shut a person out at once."""
    person, reason = get_object_or_404(User, pk=pk), request.POST.get("reason", "").strip()
    to = reverse("console:person", args=[pk])
    return perform_and_go(request, people.deactivate_user, to, "Shut out.", user=person, reason=reason)


def _people_list() -> tuple[str, str]:
    return "People and roles", reverse("console:foundation_user_changelist")


pages = [
    path("api-keys/new/", new_key, name="api_key_new"),
    path("api-keys/<int:pk>/", key_page, name="api_key"),
    path("api-keys/<int:pk>/revoke/", revoke_key, name="api_key_revoke"),
    path("people/new/", new_person, name="person_new"),
    path("people/<int:pk>/", person_page, name="person"),
    path("people/<int:pk>/role/", change_role, name="person_role"),
    path("people/<int:pk>/close/", close_person, name="person_close"),
]
