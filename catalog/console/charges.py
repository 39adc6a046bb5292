"""How a product on a draft counts, beside its prices: free units, tiers apart, a change inside a period, rounding."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from catalog.actions import prices
from catalog.console.cards import card_crumbs
from catalog.models import Charge, PricingUnit
from catalog.queries.cards import terms_of
from catalog.queries.metrics import latest_terms
from catalog.rules.drafts import CUTS, RESETS, ChargeTerms, Cut
from catalog.rules.terms import Reset
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, number_in, perform, refused
from monetization.values.errors import DomainError
from monetization.values.money import plain

CHOICES = [(cut.value, words.capitalize()) for cut, words in CUTS.items()]
STARTS = [(reset.value, words.capitalize()) for reset, words in RESETS.items()]


@page("catalog.read")
@require_http_methods(["GET", "HEAD", "POST"])
def edit_charge(request: StaffRequest, pk: int) -> HttpResponse:
    """Show how a product counts, and change it on a draft."""
    found = Charge.objects.filter(version__rate_card__environment=request.environment)
    charge = get_object_or_404(found.select_related("product", "metric", "pricing_unit", "version__rate_card"), pk=pk)
    outcome: Outcome[Any] = Outcome()
    if request.method == "POST":
        outcome = _save(request, charge)
        if outcome:
            return HttpResponseRedirect(_address(charge))
    return _form(request, charge, outcome)


def _save(request: StaffRequest, charge: Charge) -> Outcome[Charge]:
    try:
        terms = terms_typed(request.POST)
    except DomainError as error:
        return refused(error)
    return perform(request, prices.set_terms, charge=charge, terms=terms)


def terms_typed(typed: QueryDict) -> ChargeTerms:
    """Read the form. Raises Invalid."""
    cut, reset = typed.get("cut", ""), typed.get("tier_reset", "")
    return ChargeTerms(
        free_units=number_in(typed.get("free_units", ""), "free_units") or ChargeTerms().free_units,
        flat_at_zero=bool(typed.get("flat_at_zero")),
        tier_by=tuple(typed.getlist("tier_by")),
        cut=Cut(cut) if cut in CUTS else Cut.NONE,
        highest_of=typed.get("highest_of", "").strip()[:63],
        rounds_as_one=bool(typed.get("rounds_as_one")),
        tier_reset=Reset(reset) if reset in RESETS else Reset.BILLING_PERIOD,
        pricing_unit=typed.get("pricing_unit", "").strip(),
    )


def _form(request: StaffRequest, charge: Charge, outcome: Outcome[Any]) -> HttpResponse:
    terms = terms_of(charge)
    if outcome.errors:
        terms = _typed_or(request, terms)
    metric = latest_terms([charge.metric_id]).get(charge.metric_id)
    context = {
        "charge": charge, "terms": terms, "free_units": request.POST.get("free_units", plain(terms.free_units)),
        "outcome": outcome, "version": charge.version, "cuts": CHOICES, "resets": STARTS,
        "dimensions": metric.order if metric is not None else (), "units": _units(request),
    }  # fmt: skip
    version = charge.version
    crumbs = [*card_crumbs(version.rate_card), (f"v{version.number}", _address(charge))]
    title = f"How {charge.product} counts"
    return show(request, "catalog/charge.html", context, title=title, crumbs=crumbs, status=outcome.status)


def _units(request: StaffRequest) -> list[tuple[str, str]]:
    found = PricingUnit.objects.filter(environment=request.environment)
    return [("", "Currencies"), *((unit.key, unit.name) for unit in found)]


def _typed_or(request: StaffRequest, terms: ChargeTerms) -> ChargeTerms:
    try:
        return terms_typed(request.POST)
    except DomainError:
        return terms


def _address(charge: Charge) -> str:
    return reverse("console:rate_card_version", args=[charge.version_id])


pages = [path("rate-cards/charges/<int:pk>/", edit_charge, name="rate_card_charge")]
