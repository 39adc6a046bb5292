"""Edit one price row of a draft in its place in the table; add and remove rows and products.

Works as pages of their own without script; with it the row is swapped for its form and back.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions import prices
from catalog.console.cards import card_crumbs
from catalog.console.comparison import compare
from catalog.console.price_forms import MODELS, ROUNDED, PriceForm, form_of, spoken, tariff_typed, typed_form
from catalog.console.versions import versions_in
from catalog.models import Charge, Metric, PriceRow, PricingUnit, Product, RateCardVersion
from catalog.queries.cards import tariff_of_row
from catalog.queries.metrics import latest_terms
from catalog.rules.drafts import ChargeTerms
from catalog.rules.terms import MetricTerms
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.web import (
    Outcome,
    StaffRequest,
    next_page,
    perform,
    perform_and_go,
    refused,
)
from monetization.values.errors import DomainError

form_page = require_http_methods(["GET", "HEAD", "POST"])


def prices_in(request: StaffRequest) -> QuerySet[PriceRow]:
    """Return the price rows of the environment that this person works in."""
    found = PriceRow.objects.filter(charge__version__rate_card__environment=request.environment)
    return found.select_related(
        "charge__product", "charge__metric", "charge__pricing_unit", "charge__version__rate_card__environment"
    )


@page("catalog.read")
@form_page
def edit_price(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a row's form, save it, or show the row again (`?cancel`); `choose` and `try` save nothing."""
    price = get_object_or_404(prices_in(request), pk=pk)
    if request.method != "POST":
        if "cancel" in request.GET:
            return _line(request, price)
        return _price_form(request, price, Outcome(), form_of(tariff_of_row(price)))
    form = typed_form(request.POST)
    if asks(request):
        return _price_form(request, price, Outcome(), form)
    outcome = _save(request, price, form)
    if outcome:
        return _line(request, price) if request.htmx else HttpResponseRedirect(_return_to(request, price))
    return _price_form(request, price, outcome, form)


def _save(request: StaffRequest, price: PriceRow, form: PriceForm) -> Outcome[PriceRow]:
    try:
        tariff = tariff_typed(form)
    except DomainError as error:
        return refused(error)
    return perform(request, prices.set_price, price=price, tariff=tariff)


def asks(request: StaffRequest) -> bool:
    """Say whether a form is sent only to look at it."""
    return "choose" in request.POST or "try" in request.POST


def part(request: StaffRequest, context: dict[str, Any]) -> HttpResponse | None:
    """Answer with what follows the form: its fields when a model is chosen, its words when something is typed."""
    if not (request.htmx and asks(request)):
        return None
    name = "parts/price_said.html" if "try" in request.POST else "parts/price_fields.html"
    return render(request, name, context)


def form_context(form: PriceForm, outcome: Outcome[Any], *, of: object, unit: str, currency: str) -> dict[str, Any]:
    """Give what the fields of a price are shown from."""
    return {
        "price_form": form, "models": MODELS, "roundings": ROUNDED, "tier_errors": _errors_by_tier(outcome),
        "outcome": outcome, "of": of, "unit": unit, "said": spoken(form, unit, currency),
    }  # fmt: skip


def _price_form(request: StaffRequest, price: PriceRow, outcome: Outcome[Any], form: PriceForm) -> HttpResponse:
    metric = latest_terms([price.charge.metric_id]).get(price.charge.metric_id)
    unit = metric.unit if metric is not None else ""
    context = form_context(form, outcome, of=price.pk, unit=unit, currency=price.currency)
    context |= {"price": price, "next": _return_to(request, price)}
    answer = part(request, context)
    if answer is not None:
        return answer
    if request.htmx:
        return render(request, "catalog/price.html#form", context, status=outcome.status)
    version = price.charge.version
    crumbs = [*card_crumbs(version.rate_card), (f"v{version.number}", _address(version))]
    return show(request, "catalog/price.html", context, title="Edit price", crumbs=crumbs, status=outcome.status)


def _errors_by_tier(outcome: Outcome[Any]) -> dict[int, list[DomainError]]:
    """Sort refusals about `tiers[n]…` by n, so that each stands below its row."""
    found: dict[int, list[DomainError]] = {}
    for error in outcome.about("tiers"):
        number = (error.field or "").partition("[")[2].partition("]")[0]
        found.setdefault(int(number) if number.isdigit() else 0, []).append(error)
    return found


def _line(request: StaffRequest, price: PriceRow) -> HttpResponse:
    """Answer with the row as the table shows it, and with the counts above the table."""
    version = get_object_or_404(versions_in(request), pk=price.charge.version_id)
    comparison = compare(version, timezone.now())
    context = {
        "line": comparison.line_of(price.pk), "comparison": comparison, "may_edit": True,
        "version": version, "swap": True,
    }  # fmt: skip
    return render(request, "catalog/version.html#saved", context)


@page("catalog.read")
@require_POST
def remove_price(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a row off the card."""
    price = get_object_or_404(prices_in(request), pk=pk)
    return perform_and_go(request, prices.remove_price, _return_to(request, price), "The row is removed.", price=price)


@page("catalog.read")
@form_page
def add_price(request: StaffRequest, pk: int) -> HttpResponse:
    """Add a row: choose the product, then its dimension values and what it costs."""
    version = get_object_or_404(versions_in(request), pk=pk)
    charges = list(version.charges.select_related("product", "metric", "pricing_unit"))
    charge = _chosen(request, charges)
    outcome: Outcome[Any] = Outcome()
    metric = latest_terms([charge.metric_id]).get(charge.metric_id) if charge else None
    if request.method == "POST" and charge is not None and metric is not None and not asks(request):
        outcome = _add(request, charge, metric)
        if outcome:
            return HttpResponseRedirect(f"{_address(version)}?show=changes")
    return _add_page(request, version, charges, charge, metric, outcome)


def _add(request: StaffRequest, charge: Charge, metric: MetricTerms) -> Outcome[PriceRow]:
    typed = request.POST
    match = {key: typed.get(f"dimension_{key}", "").strip() for key in metric.order}
    try:
        tariff = tariff_typed(typed_form(typed))
    except DomainError as error:
        return refused(error)
    return perform(
        request, prices.add_price, charge=charge, currency=_currency(typed), match=match, tariff=tariff
    )  # fmt: skip


def _currency(typed: QueryDict) -> str:
    return typed.get("currency", "").strip().upper()


def _chosen(request: StaffRequest, charges: list[Charge]) -> Charge | None:
    wanted = request.POST.get("charge") or request.GET.get("charge") or ""
    only = charges[0] if len(charges) == 1 and "product" not in request.GET else None
    return next((one for one in charges if str(one.pk) == wanted), only)


def _add_page(
    request: StaffRequest, version: RateCardVersion, charges: list[Charge], charge: Charge | None,
    metric: MetricTerms | None, outcome: Outcome[Any],
) -> HttpResponse:  # fmt: skip
    typed = request.POST
    place = {"environment": request.environment}
    context = {
        "version": version, "charges": charges, "charge": charge, "metric": metric, "typed": typed,
        "dimensions": _dimensions(metric, typed) if metric else (),
        "units": PricingUnit.objects.filter(**place),
        "products": Product.objects.filter(**place).exclude(charge__version=version),
        "metrics": Metric.objects.filter(**place, versions__isnull=False).distinct(),
        **form_context(
            typed_form(typed), outcome, of="new", unit=metric.unit if metric else "", currency=_currency(typed)
        ),
    }  # fmt: skip
    answer = part(request, context)
    if answer is not None:
        return answer
    crumbs: list[Crumb] = [*card_crumbs(version.rate_card), (f"v{version.number}", _address(version))]
    return show(request, "catalog/price_new.html", context, title="Add a price", crumbs=crumbs, status=outcome.status)


def _dimensions(metric: MetricTerms, typed: QueryDict) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(key, typed.get(f"dimension_{key}", ""), choices(metric, key)) for key in metric.order]


def choices(metric: MetricTerms, key: str) -> tuple[str, ...]:
    """List the values that a dimension can take, where the metric knows them."""
    if key == metric.measure_dimension:
        return tuple(measure.value for measure in metric.measures if measure.value)
    return next((one.labels for one in metric.dimensions if one.key == key), ())


@page("catalog.read")
@require_POST
def add_product(request: StaffRequest, pk: int) -> HttpResponse:
    """Put a product on the card, then go on to its first price."""
    version, typed = get_object_or_404(versions_in(request), pk=pk), request.POST
    product = get_object_or_404(Product, environment=request.environment, pk=_id(typed.get("product", "")))
    metric = get_object_or_404(Metric, environment=request.environment, pk=_id(typed.get("metric", "")))
    terms = ChargeTerms(pricing_unit=typed.get("pricing_unit", ""))
    outcome = perform(request, prices.add_charge, version=version, product=product, metric=metric, terms=terms)
    address = reverse("console:price_new", args=[pk])
    if outcome.value:
        return HttpResponseRedirect(f"{address}?charge={outcome.value.pk}")
    return _add_page(request, version, list(version.charges.all()), None, None, outcome)


def _id(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 19 else 0


def _address(version: RateCardVersion) -> str:
    return reverse("console:rate_card_version", args=[version.pk])


def _return_to(request: StaffRequest, price: PriceRow) -> str:
    return next_page(request, _address(price.charge.version))


pages = [
    path("rate-cards/prices/<int:pk>/", edit_price, name="price"),
    path("rate-cards/prices/<int:pk>/remove/", remove_price, name="price_remove"),
    path("rate-cards/versions/<int:pk>/add/", add_price, name="price_new"),
    path("rate-cards/versions/<int:pk>/product/", add_product, name="rate_card_product"),
]
