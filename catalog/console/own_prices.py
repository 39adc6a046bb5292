"""A contract's own price: for which product, for which usage, from when to when, at what."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.actions import own_prices
from catalog.actions.own_errors import listed
from catalog.console.contracts import crumbs_to
from catalog.console.price_forms import tariff_typed, typed_form
from catalog.console.prices import asks, choices, form_context, part
from catalog.models import Contract, PriceOverride, Product
from catalog.rules.terms import Charge
from monetization.foundation.console import show
from monetization.foundation.web import Outcome, StaffRequest, day_in, perform, refused
from monetization.values.errors import DomainError


def new_override(request: StaffRequest, contract: Contract) -> HttpResponse:
    """Choose the product, then say what it costs and for which usage."""
    charges = listed(contract, timezone.now())
    charge = _chosen(request, charges)
    outcome: Outcome[PriceOverride] = Outcome()
    if request.method == "POST" and charge is not None and not asks(request):
        outcome = _add(request, contract, charge)
        if outcome:
            return HttpResponseRedirect(reverse("console:contract_edit", args=[contract.pk]))
    return _page(request, contract, charges, charge, outcome)


def _add(request: StaffRequest, contract: Contract, charge: Charge) -> Outcome[PriceOverride]:
    typed = request.POST
    try:
        said = {
            "tariff": tariff_typed(typed_form(typed)),
            "start_date": day_in(typed.get("start_date", ""), "start_date"),
            "end_date": day_in(typed.get("end_date", ""), "end_date"),
        }
    except DomainError as error:
        return refused(error)
    return perform(
        request, own_prices.add_override, contract=contract, key=typed.get("key", "").strip(),
        name=typed.get("name", "").strip(), match={key: value for key, value, _ in _dimensions(charge, typed)},
        product=Product.objects.get(environment=request.environment, key=charge.product), **said,
    )  # fmt: skip


def _chosen(request: StaffRequest, charges: list[Charge]) -> Charge | None:
    wanted = request.POST.get("product") or request.GET.get("product") or ""
    only = charges[0] if len(charges) == 1 else None
    return next((one for one in charges if one.product == wanted), only)


def _dimensions(charge: Charge, typed: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    metric = charge.metric
    return [(key, typed.get(f"dimension_{key}", "").strip(), choices(metric, key)) for key in metric.order]


def _page(
    request: StaffRequest, contract: Contract, charges: list[Charge], charge: Charge | None, outcome: Outcome[Any]
) -> HttpResponse:
    typed = request.POST
    unit = charge.metric.unit if charge is not None else ""
    context = {
        "contract": contract, "charges": charges, "charge": charge, "typed": typed,
        "dimensions": _dimensions(charge, typed) if charge is not None else (),
        **form_context(typed_form(typed), outcome, of="own", unit=unit, currency=contract.currency),
    }  # fmt: skip
    answer = part(request, context)
    if answer is not None:
        return answer
    title, crumbs = "Add a price of its own", crumbs_to(contract)
    return show(request, "catalog/own_price.html", context, title=title, crumbs=crumbs, status=outcome.status)
