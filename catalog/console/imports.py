"""Imports: files that were uploaded, what each would change or what is wrong with it, and the button that drafts it."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog import tasks
from catalog.actions import imports
from catalog.actions.contracts import DRAFT as DRAFT_CONTRACT
from catalog.models import Import
from catalog.queries.imports import changes_of, contracts_behind, imports_for
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, tell

PAGE, FAULTS = 100, 50
NOTHING_YET: Outcome[Any] = Outcome()


def crumbs() -> list[tuple[str, str]]:
    """Lead to a page below the list."""
    return [("Imports", reverse("console:imports"))]


@page("catalog.read")
@require_safe
def files(request: StaffRequest) -> HttpResponse:
    """List the files that were uploaded, newest first."""
    found = imports_for(request.user, request.environment)
    context = {
        "rows": Paginator(found, PAGE).get_page(request.GET.get("page")), "kinds": Import.Kind.choices,
        "now": timezone.now(), "may_contracts": request.user.has_perm(DRAFT_CONTRACT),
    }  # fmt: skip
    return show(request, "catalog/imports.html", context, title="Imports")


@page("catalog.read")
@require_safe
def preview(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what a file would change, and what is wrong with it by row and column."""
    return render_preview(request, pk)


def render_preview(request: StaffRequest, pk: int, outcome: Outcome[Any] = NOTHING_YET) -> HttpResponse:
    """Render the page; after a refusal with what is wrong."""
    imported = get_object_or_404(imports_for(request.user, request.environment), pk=pk)
    text, everything = request.GET.get("q", "").strip(), request.GET.get("show") == "all"
    found = changes_of(imported, text=text, everything=everything)
    lines = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "row": imported, "lines": lines, "text": text, "everything": everything, "now": timezone.now(),
        "faults": Paginator(imported.faults.all(), FAULTS).get_page(request.GET.get("faults")),
        "contracts": contracts_behind(lines, request.user, request.environment),
        "outcome": outcome, "typed": request.POST, "is_active": imported.is_active,
        "may_apply": _may_apply(request, imported),
    }  # fmt: skip
    return show(
        request, "catalog/import.html", context, title=imported.file_name, crumbs=crumbs(),
        parts=("progress", "lines", "faults"), status=outcome.status,
    )  # fmt: skip


def _may_apply(request: StaffRequest, imported: Import) -> bool:
    """Say whether the buttons belong on the page; the actions ask again."""
    if imported.kind == Import.Kind.RATE_CARD:
        return True  # the owner of a card may draft on it, whatever roles they hold
    return request.user.has_perm(DRAFT_CONTRACT)


@page("catalog.read")
@require_POST
def apply(request: StaffRequest, pk: int) -> HttpResponse:
    """Draft what a file says; a large one is left to a worker."""
    imported = get_object_or_404(imports_for(request.user, request.environment), pk=pk)
    action = imports.order if imports.is_large(imported) else imports.apply
    outcome = perform(request, action, imported=imported, reason=request.POST.get("reason", "").strip())
    if not outcome:
        return render_preview(request, pk, outcome)
    tasks.work_on_import.delay_on_commit(pk)
    return HttpResponseRedirect(reverse("console:import", args=[pk]))


@page("catalog.read")
@require_POST
def check(request: StaffRequest, pk: int) -> HttpResponse:
    """Read a file again, as things are now."""
    imported = get_object_or_404(imports_for(request.user, request.environment), pk=pk)
    outcome = perform(request, imports.check_again, imported=imported)
    tell(request, outcome)
    if outcome.value is not None:
        read_or_wait(outcome.value)
    return HttpResponseRedirect(reverse("console:import", args=[pk]))


def read_or_wait(imported: Import) -> None:
    """Read a small file at once; wake a worker for a large one."""
    if imports.is_large(imported):
        tasks.work_on_import.delay_on_commit(imported.pk)
    else:
        imports.check(imported=imported, at=timezone.now())


pages = [
    path("imports/", files, name="imports"),
    path("imports/<int:pk>/", preview, name="import"),
    path("imports/<int:pk>/apply/", apply, name="import_apply"),
    path("imports/<int:pk>/check/", check, name="import_check"),
]
