"""Files in and out: the page that uploads one, templates, and versions and contracts as files to be changed."""

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from catalog.actions import imports
from catalog.actions.contracts import DRAFT
from catalog.console.contracts import contracts_in
from catalog.console.imports import crumbs, read_or_wait
from catalog.console.versions import versions_in
from catalog.models import Import, RateCard
from catalog.queries.exports import contract_file, price_file
from catalog.rules.files.sheets import MOST_BYTES
from catalog.rules.files.templates import template
from catalog.rules.files.written import MEDIA
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, day_in, perform, refused
from monetization.values.errors import DomainError, Invalid

FIELDS = ("kind", "rate_card", "effective_date")


@page("catalog.read")
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: StaffRequest) -> HttpResponse:
    """Upload a file; what it would change comes next."""
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        outcome = _uploaded(request)
    if outcome.value:
        read_or_wait(outcome.value)
        return HttpResponseRedirect(reverse("console:import", args=[outcome.value.pk]))
    given = request.POST if request.method == "POST" else request.GET
    kinds = [each for each in Import.Kind.choices if each[0] == Import.Kind.RATE_CARD or request.user.has_perm(DRAFT)]
    context = {
        "typed": {name: given.get(name, "") for name in FIELDS}, "outcome": outcome, "kinds": kinds,
        "cards": RateCard.objects.filter(environment=request.environment),
    }  # fmt: skip
    return show(
        request, "catalog/import_new.html", context, title="Import a file", crumbs=crumbs(), status=outcome.status
    )


def _uploaded(request: StaffRequest) -> Outcome[Any]:
    typed, file = request.POST, request.FILES.get("file")
    try:
        if file is None:
            raise Invalid("No file was chosen", field="file", fix="Choose a CSV or XLSX file")
        effective = day_in(typed.get("effective_date", ""), "effective_date")
    except DomainError as error:
        return refused(error)
    return perform(
        request, imports.upload, environment=request.environment, kind=typed.get("kind", ""),
        file_name=file.name or "", content=file.read(MOST_BYTES + 1), rate_card_key=typed.get("rate_card", "").strip(),
        effective_date=effective,
    )  # fmt: skip


@page("catalog.read")
@require_safe
def template_file(request: StaffRequest, file_kind: str, form: str) -> HttpResponse:
    """Give the template of a kind."""
    if file_kind not in Import.Kind.values:
        raise Http404("There is no such kind")
    name = f"{file_kind.lower().replace('_', '-')}-template"
    return as_file(template(imports.book_of(file_kind), _form(form)), name, form)


@page("catalog.read")
@require_safe
def version_file(request: StaffRequest, pk: int, form: str) -> HttpResponse:
    """Give all prices of a version as a file that can be changed and imported."""
    version = get_object_or_404(versions_in(request), pk=pk)
    return as_file(price_file(version, _form(form)), f"{version.rate_card.key}-v{version.number}", form)


@page("catalog.read")
@require_safe
def contracts_file(request: StaffRequest, form: str) -> HttpResponse:
    """Give the contracts that this person sees, with their parts."""
    return as_file(contract_file(contracts_in(request), _form(form)), "contracts", form)


def as_file(content: bytes, name: str, form: str) -> HttpResponse:
    """Answer with a file to keep."""
    answer = HttpResponse(content, content_type=MEDIA[form])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _form(form: str) -> str:
    if form not in MEDIA:
        raise Http404("There is no such form")
    return form


pages = [
    path("imports/new/", upload, name="import_new"),
    path("imports/templates/<str:file_kind>/<str:form>/", template_file, name="import_template"),
    path("rate-cards/versions/<int:pk>/file/<str:form>/", version_file, name="rate_card_version_file"),
    path("contracts/file/<str:form>/", contracts_file, name="contracts_file"),
]
