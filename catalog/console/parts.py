"""Fees, discounts, minimums, commits and credits of a contract: shown with it, added to and taken from its draft.

Forms are data: which fields a part has and how each is read; the action says what is wrong with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions import agreed, grants
from catalog.console.contracts import DRAFT, contracts_in, crumbs_to
from catalog.models import AgreedBound, Contract, Instrument, Product, RecurringCharge
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, day_in, number_in, perform, perform_and_go, refused
from monetization.values.errors import DomainError, Invalid, NotFound

form_page = require_http_methods(["GET", "HEAD", "POST"])
NONE = ("", "as the contract")


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, label, how it is read, and what helps to fill it in."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of part: what it is called, its fields, and the action that adds it."""

    noun: str
    fields: tuple[Field, ...]
    add: Callable[..., Any]


KEY = Field("key", "Key", required=True, help="It never changes: seats.")
NAME = Field("name", "Name", required=True, help="As it is printed.")
PRODUCT = Field("product", "Product", "product", required=True)
PRODUCTS = Field("products", "Products", help="Keys, separated by commas; empty: all.", kind="products")
UNIT_PRICE = Field("unit_price", "Unit price", "number", required=True)
QUANTITY = Field("quantity", "Quantity", "number", value="1")
AMOUNT = Field("amount", "Amount", "number", required=True)
DAYS = (Field("start_date", "First day", "date"), Field("end_date", "Last day", "date"))
PRIORITY = Field("priority", "Priority", "whole", value="0", help="Lower is drawn first.")
FORMS: dict[str, Form] = {
    "recurring": Form(
        "recurring charge",
        (
            KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY,
            Field("changes", "Other quantities", "changes", help="2027-01-01: 12, 2027-04-01: 15"),
            Field("timing", "Billed", "choice", options=tuple(RecurringCharge.Timing.choices)),
            Field("cadence", "Every", "choice", options=(NONE, *Contract.Cadence.choices)),
        ),
        agreed.add_recurring,
    ),
    "one_time": Form(
        "one-time charge",
        (KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY, Field("date", "Day", "date", help="Empty: the first.")),
        agreed.add_one_time,
    ),
    "discount": Form(
        "discount",
        (KEY, NAME, Field("percent", "Percent", "number"), Field("amount", "Amount a period", "number"), PRODUCTS),
        agreed.add_discount,
    ),
    "bound": Form(
        "minimum or maximum",
        (KEY, NAME, Field("kind", "Kind", "choice", True, tuple(AgreedBound.Kind.choices)), AMOUNT, PRODUCTS),
        agreed.add_bound,
    ),
    "instrument": Form(
        "commit or credit",
        (
            KEY, NAME, Field("kind", "Kind", "choice", True, tuple(Instrument.Kind.choices)), AMOUNT,
            Field("invoiced", "Billed for it", "number", help="Only a prepaid commit."), *DAYS, PRIORITY, PRODUCTS,
        ),
        agreed.add_instrument,
    ),
}  # fmt: skip
GRANT = Form(
    "credit",
    (
        KEY, NAME, AMOUNT, Field("currency", "Currency", required=True), Field("start_date", "First day", "date", True),
        Field("end_date", "Last day", "date"), PRIORITY, PRODUCTS, Field("reason", "Why", "long", required=True),
    ),
    grants.request,
)  # fmt: skip


@page(DRAFT)
@form_page
def new_part(request: StaffRequest, pk: int, part: str) -> HttpResponse:
    """Add a part to a draft."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    form = _form(part)
    outcome = _added(request, form, contract=contract)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:contract", args=[pk]))
    return _page(request, form, outcome, f"Add a {form.noun}", crumbs_to(contract))


@page(DRAFT)
@require_POST
def remove_part(request: StaffRequest, pk: int, part: str, name: str) -> HttpResponse:
    """Take a part of a draft away."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    to = reverse("console:contract", args=[pk])
    return perform_and_go(request, agreed.remove, to, f"{name} is taken away.", contract=contract, part=part, key=name)


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


def _whole(request: StaffRequest, name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field=name, fix="Write digits, such as 10")
    return int(text)


def _product(request: StaffRequest, name: str, text: str) -> Product:
    found = Product.objects.filter(environment=request.environment, key=text).first()
    if found is None:
        raise Invalid(f"There is no product “{text}”", field=name, fix="Write its key")
    return found


def _products(request: StaffRequest, name: str, text: str) -> list[Product]:
    return [_product(request, name, part.strip()) for part in text.split(",") if part.strip()]


def _changes(request: StaffRequest, name: str, text: str) -> list[tuple[Any, Any]]:
    found = []
    for part in text.split(","):
        day, _, number = part.partition(":")
        pair = day_in(day, name), number_in(number, name)
        if None in pair:
            raise Invalid(f"“{part.strip()}” is no day and quantity", field=name, fix="Write it like 2027-01-01: 12")
        found.append(pair)
    return found


READERS: dict[str, Callable[[StaffRequest, str, str], Any]] = {
    "whole": _whole, "product": _product, "products": _products, "changes": _changes,
}  # fmt: skip


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
