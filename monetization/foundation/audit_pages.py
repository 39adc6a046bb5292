"""For auditors: the log with its chain, who makes and who checks what, and everybody's way in; each as a file too."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from monetization.foundation.audit_files import FORMS, audit_file, sheet
from monetization.foundation.console import page, show
from monetization.foundation.models import Environment
from monetization.foundation.queries import access_review, audit_log
from monetization.foundation.rules.duties import DUTIES, both_sides, matrix, side_of
from monetization.foundation.rules.roles import Role
from monetization.foundation.rules.told import moved
from monetization.foundation.web import Outcome, StaffRequest, day_in, refused
from monetization.values.errors import DomainError, NotFound
from monetization.values.periods import local_midnight

AUDIT = ("foundation.read_audit",)
REVIEW = ("foundation.read_audit", "foundation.manage_people")
PER_PAGE = 100
SHOWN = 4
FIELDS = ("actor", "action", "subject", "text")


@page(*AUDIT)
@require_safe
def audit_page(request: StaffRequest) -> HttpResponse:
    """Show the log, or with `format` give what it shows as a file."""
    asked, outcome = _asked(request)
    everywhere = request.GET.get("where") == "all"
    entries = audit_log.entries_of(None if everywhere else request.environment, asked)
    if request.GET.get("format") in FORMS and not outcome.errors:
        name = "all" if everywhere else request.environment.key
        return cast(HttpResponse, audit_file(entries, request.GET["format"], name))  # streamed
    before = request.GET.get("before", "")
    found = list((entries.filter(pk__lt=int(before)) if before.isdigit() else entries)[: PER_PAGE + 1])
    kept: dict[str, Any] = {
        name: value for name, value in request.GET.items() if name not in ("before", "format") and value
    }
    context = {
        "lines": [(each, moved(each.before, each.after)[:SHOWN]) for each in found[:PER_PAGE]],
        "older": urlencode(kept | {"before": found[PER_PAGE - 1].pk}) if len(found) > PER_PAGE else "",
        "kept": urlencode(kept), "typed": request.GET, "everywhere": everywhere, "outcome": outcome,
        "chain": audit_log.chain_state(), "now": timezone.now(), "is_first": not before,
    }  # fmt: skip
    return show(request, "console/audit.html", context, title="Audit log")


@page(*AUDIT)
@require_safe
def audit_entry(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one entry whole, with its link."""
    entry = audit_log.entries_of(None, audit_log.Asked()).filter(pk=pk).first()
    if entry is None:
        raise NotFound("There is no such entry")
    context = {"entry": entry, "changes": moved(entry.before, entry.after)}
    crumbs = [("Audit log", reverse("console:audit"))]
    return show(request, "console/audit_entry.html", context, title=entry.action, crumbs=crumbs)


@page(*REVIEW)
@require_safe
def duties(request: StaffRequest) -> HttpResponse:
    """Show which role may do what, who makes and who checks, and who holds both sides."""
    asked = access_review.asked_roles(request.environment)
    table = matrix()
    if request.GET.get("format") == "csv":
        rows = ([side_of(name).value, name, *("yes" if table[name][role] else "" for role in Role)] for name in table)
        return sheet("duties.csv", [["does", "ability", *(role.value for role in Role)], *rows])
    context = {
        "roles": list(Role), "rows": [(side_of(name), name, list(table[name].values())) for name in table],
        "duties": [
            (duty, [(role in duty.makers(), role in duty.checkers(asked)) for role in Role]) for duty in DUTIES
        ],
        "people": _both(request.environment, asked),
    }  # fmt: skip
    return show(request, "console/duties.html", context, title="Segregation of duties")


@page(*REVIEW)
@require_safe
def review(request: StaffRequest) -> HttpResponse:
    """Show everybody's way in, for whoever reviews it each quarter."""
    found = access_review.access_review(request.environment, timezone.now())
    if request.GET.get("format") == "csv":
        return sheet("access-review.csv", [list(access_review.HEAD), *(each.cells() for each in found)])
    context = {"found": found, "now": timezone.now()}
    return show(request, "console/access_review.html", context, title="Access review")


def _asked(request: StaffRequest) -> tuple[audit_log.Asked, Outcome[Any]]:
    said: dict[str, Any] = {name: request.GET.get(name, "").strip() for name in FIELDS}
    try:
        first, last = (day_in(request.GET.get(name, ""), name) for name in ("from", "until"))
    except DomainError as error:
        return audit_log.Asked(**said), refused(error)
    zone = request.user.time_zone
    starts_at: datetime | None = local_midnight(first, zone) if first else None
    ends_at = local_midnight(last + timedelta(days=1), zone) if last else None
    return audit_log.Asked(**said, starts_at=starts_at, ends_at=ends_at), Outcome()


def _both(environment: Environment, asked: Any) -> list[tuple[str, str, str]]:
    """List who holds both sides of something: name, roles, duties."""
    found: dict[str, set[Role]] = {}
    for each in access_review.access_review(environment, timezone.now()):
        if each.kind == "role" and each.state == "active":
            found.setdefault(each.who, set()).add(Role(each.holds))
    both = ((who, roles, both_sides(roles, asked)) for who, roles in found.items())
    return [
        (who, ", ".join(sorted(role.label for role in roles)), ", ".join(duty.name for duty in held))
        for who, roles, held in both
        if held
    ]


pages = [
    path("audit/", audit_page, name="audit"),
    path("audit/<int:pk>/", audit_entry, name="audit_entry"),
    path("duties/", duties, name="duties"),
    path("access-review/", review, name="access_review"),
]
