"""Fees, discounts, minimums, commits and credits of a contract: shown with it, added to and taken from its draft."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions import agreed
from catalog.console.builder.adding import add_in_place, section
from catalog.console.builder.presets import preset_named
from catalog.console.builder.typed import filled
from catalog.console.contracts import DRAFT, contracts_in, crumbs_to
from catalog.console.form_fields import Field, Form
from catalog.console.own_prices import new_override
from catalog.console.part_forms import FORMS, GRANT
from catalog.console.part_readers import READERS
from catalog.models import Product
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import (
    Outcome,
    StaffRequest,
    day_in,
    number_in,
    perform,
    perform_and_go,
    refused,
    tell,
)
from monetization.values.errors import DomainError, Invalid, NotFound

form_page = require_http_methods(["GET", "HEAD", "POST"])


@page(DRAFT)
@form_page
def new_part(request: StaffRequest, pk: int, part: str) -> HttpResponse:
    """Add a part to a draft."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    if part == "override":
        return new_override(request, contract)
    form, preset = _form(part), preset_named(request.POST.get("preset", ""))
    if request.htmx and preset is not None and preset.part == part:
        return add_in_place(request, contract, preset, lambda: _added(request, form, contract=contract))
    if preset is not None:
        request.POST = filled(request.POST, preset, contract)
    outcome = _added(request, form, contract=contract)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:contract_edit", args=[pk]))
    return _page(request, form, outcome, f"Add a {form.noun}", crumbs_to(contract))


def add_part(request: StaffRequest, part: str, to: str, crumbs: list[Crumb], **whose: Any) -> HttpResponse:
    """Show the form of a part, add what it says to the contract or amendment in `whose`, and go on `to`."""
    form = _form(part)
    outcome = _added(request, form, **whose)
    if outcome.value:
        return HttpResponseRedirect(to)
    return _page(request, form, outcome, f"Add a {form.noun}", crumbs)


@page(DRAFT)
@require_POST
def remove_part(request: StaffRequest, pk: int, part: str, name: str) -> HttpResponse:
    """Take a part of a draft away."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    what = {"contract": contract, "part": part, "key": name}
    if request.htmx:
        tell(request, perform(request, agreed.remove, **what))
        return section(request, contract, part)
    to = reverse("console:contract_edit", args=[pk])
    return perform_and_go(request, agreed.remove, to, f"{name} is taken away.", **what)


@page(DRAFT)
@form_page
def grant(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for a credit of an account."""
    account = get_object_or_404(accounts_for(request.user, request.environment), pk=pk)
    outcome = _added(request, GRANT, account=account)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:request", args=[outcome.value.pk]))
    crumbs = [(account.name, reverse("console:account", args=[pk]))]
    return _page(request, GRANT, outcome, f"Grant {account} a credit", crumbs)


def _form(part: str) -> Form:
    if part not in FORMS:
        raise NotFound("There is no such part")
    return FORMS[part]


def _added(request: StaffRequest, form: Form, **whose: Any) -> Outcome[Any]:
    if request.method != "POST":
        return Outcome()
    try:
        said = {field.name: value for field in form.fields if (value := _read(request, field)) is not None}
    except DomainError as error:
        return refused(error)
    missing = [field for field in form.fields if field.required and field.name not in said]
    if missing:
        return refused(*(Invalid("This is missing", field=field.name, fix="Fill it in") for field in missing))
    return perform(request, form.add, **whose, **said)


def _read(request: StaffRequest, field: Field) -> Any:
    """Read a field; None where nothing is typed. Raises Invalid."""
    text = request.POST.get(field.name, "").strip()
    if field.kind == "number":
        return number_in(text, field.name)
    if field.kind == "date":
        return day_in(text, field.name)
    if not text:
        return None
    return READERS[field.kind](request, field.name, text) if field.kind in READERS else text


def _page(
    request: StaffRequest, form: Form, outcome: Outcome[Any], title: str, crumbs: list[tuple[str, str]]
) -> HttpResponse:
    posted = request.method == "POST"
    products = [(one.key, one.name) for one in Product.objects.filter(environment=request.environment)]
    rows = [
        (
            field,
            request.POST.get(field.name, "") if posted else field.value,
            products if field.kind == "product" else field.options,
        )
        for field in form.fields
    ]
    context = {"rows": rows, "outcome": outcome, "form": form, "names": " ".join(f.name for f in form.fields)}
    return show(request, "catalog/part_form.html", context, title=title, crumbs=crumbs, status=outcome.status)


pages = [
    path("contracts/<int:pk>/parts/<str:part>/new/", new_part, name="contract_part_new"),
    path("contracts/<int:pk>/parts/<str:part>/<str:name>/remove/", remove_part, name="contract_part_remove"),
    path("accounts/<int:pk>/grant/", grant, name="account_grant"),
]
