"""The editor of a plan version's draft: its terms on one page, each part on its own."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from catalog.actions import plan_parts, plans
from catalog.console.form_fields import Form
from catalog.console.plan_forms import FORMS, said_in, shown_in
from catalog.console.plan_terms import OPTIONS, TERMS, changes_in, terms_of
from catalog.console.plan_versions import versions_in
from catalog.console.plans import plan_crumbs
from catalog.models import Metric, PlanVersion, Product
from catalog.queries.plans import package_of
from catalog.rules.plans.package import parts_of
from catalog.rules.plans.reading import written
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, refused
from monetization.values.errors import DomainError, NotFound

form_page = require_http_methods(["GET", "HEAD", "POST"])


@page(plans.DRAFT)
@form_page
def new_part(request: StaffRequest, pk: int, kind: str) -> HttpResponse:
    """Add a part to a draft."""
    return _part_page(request, get_object_or_404(versions_in(request), pk=pk), kind, "")


@page(plans.DRAFT)
@form_page
def edit_part(request: StaffRequest, pk: int, kind: str, member: str) -> HttpResponse:
    """Write a part of a draft anew."""
    return _part_page(request, get_object_or_404(versions_in(request), pk=pk), kind, member)


def _part_page(request: StaffRequest, version: PlanVersion, kind: str, name: str) -> HttpResponse:
    form = FORMS.get(kind)
    if form is None:
        raise NotFound("There is no such part")
    known = next((each for each in parts_of(package_of(version), kind) if each.key == name), None)
    if name and known is None:
        raise NotFound("The plan has no such part")
    place = [each.key for each in parts_of(package_of(version), kind)].index(name) if name else 0
    values = shown_in(written(package_of(version))[kind][place], form) if name else {}
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        try:
            said = said_in(request, form)
            outcome = perform(request, plan_parts.put_part, version=version, kind=kind, said=said, instead_of=name)
        except DomainError as error:
            outcome = refused(error)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:plan_version", args=[version.pk]))
    title = f"{known.name} of {version}" if known is not None else f"Add a {form.noun} to {version}"
    verb = "Save" if known is not None else "Add"
    return _form(request, version, form, outcome, title, values, f"{verb} {form.noun}")


@page(plans.DRAFT)
@form_page
def terms(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft's terms: who sells, at which prices, how it is billed, trial and term."""
    version = get_object_or_404(versions_in(request), pk=pk)
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        try:
            content, columns = changes_in(request, version)
            outcome = perform(request, plans.change, version=version, content=content, columns=columns)
        except DomainError as error:
            outcome = refused(error)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:plan_version", args=[pk]))
    return _form(request, version, TERMS, outcome, f"Terms of {version}", terms_of(version), "Save terms")


def _form(
    request: StaffRequest, version: PlanVersion, form: Form, outcome: Outcome[Any], title: str,
    values: dict[str, str], verb: str,
) -> HttpResponse:  # fmt: skip
    options = _options(request, version)
    typed = request.POST if request.method == "POST" else values
    rows = [
        (field, typed.get(field.name, field.value), options.get(field.kind, field.options)) for field in form.fields
    ]
    context = {
        "rows": rows, "outcome": outcome, "form": form, "names": " ".join(f.name for f in form.fields), "verb": verb,
    }  # fmt: skip
    crumbs = [*plan_crumbs(version.plan), (f"v{version.number}", reverse("console:plan_version", args=[version.pk]))]
    return show(request, "catalog/plan_form.html", context, title=title, crumbs=crumbs, status=outcome.status)


def _options(request: StaffRequest, version: PlanVersion) -> dict[str, list[tuple[str, str]]]:
    place = {"environment": request.environment}
    return {
        "product": [(each.key, each.name) for each in Product.objects.filter(**place)],
        "metric": [("", "none: spend"), *((each.key, each.name) for each in Metric.objects.filter(**place))],
        **{kind: make(request) for kind, make in OPTIONS.items()},
    }


pages = [
    path("plans/versions/<int:pk>/terms/", terms, name="plan_terms"),
    path("plans/versions/<int:pk>/parts/<str:kind>/new/", new_part, name="plan_part_new"),
    path("plans/versions/<int:pk>/parts/<str:kind>/<str:member>/edit/", edit_part, name="plan_part"),
]
