"""The builder's page, and what each of its sections saves."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions import contracts
from catalog.console.builder.plain_fields import SECTIONS, names_of, shown_of
from catalog.console.builder.rows import sections_of
from catalog.console.contract_forms import read
from catalog.console.contracts import DRAFT, contracts_in, crumbs_to
from catalog.models import Contract
from monetization.foundation.console import page, show
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused

CHANGED = "deal-changed"
NOTHING: Outcome[Any] = Outcome()


@page(DRAFT)
@require_http_methods(["GET", "HEAD", "POST"])
def build(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a draft as a deal to be put together; by POST, save a section of it."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    if request.method == "POST":
        return _saved(request, contract)
    if not contract.is_draft:
        return HttpResponseRedirect(reverse("console:contract", args=[pk]))
    return deal_page(request, contract)


def deal_page(request: StaffRequest, contract: Contract, outcome: Outcome[Any] = NOTHING) -> HttpResponse:
    """Show the page; with what was refused where something was."""
    context = {
        "contract": contract, "plain": shown_of(contract, outcome, request.POST), "titles": SECTIONS,
        "sections": sections_of(contract), "outcome": outcome, "typed": request.POST,
    }  # fmt: skip
    return show(
        request, "catalog/builder/page.html", context, title=contract.name, crumbs=crumbs_to(), status=outcome.status
    )


def _saved(request: StaffRequest, contract: Contract) -> HttpResponse:
    """Save what can be read and differs; say beside each field what is wrong with it."""
    section = request.POST.get("section", "")
    names = names_of(section)
    values, errors = read(request, names)
    changes = {name: value for name, value in values.items() if value != getattr(contract, name)}
    moves_card = "rate_card" in changes
    if moves_card:  # a version of another card can't be pinned
        changes |= {"pinned_version": None, "pinned_until": None}
    outcome = perform(request, contracts.edit, contract=contract, **changes) if changes else Outcome(contract)
    both = Outcome(outcome.value, (*refused(*errors).errors, *outcome.errors)) if errors else outcome
    if request.htmx:
        said = {"names": names, "outcome": both, "section": section}
        answer = render(request, "catalog/builder/said.html", said, status=both.status)
        if outcome and changes:
            answer.headers["HX-Refresh" if moves_card else "HX-Trigger"] = "true" if moves_card else CHANGED
        return answer
    return deal_page(request, contract, both) if not both else HttpResponseRedirect(request.path)


@page(DRAFT)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval of a deal; from then on it is read, not edited."""
    contract, typed = get_object_or_404(contracts_in(request), pk=pk), request.POST
    title, reason = typed.get("title", "").strip(), typed.get("reason", "").strip()
    outcome = perform(request, contracts.submit, contract=contract, title=title, reason=reason)
    if not outcome:
        return deal_page(request, contract, outcome)
    return HttpResponseRedirect(reverse("console:contract", args=[pk]))


@page(DRAFT)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    to = reverse("console:account", args=[contract.account_id])
    return perform_and_go(request, contracts.discard, to, f"{contract} is discarded.", contract=contract)


pages = [
    path("contracts/<int:pk>/edit/", build, name="contract_edit"),
    path("contracts/<int:pk>/submit/", submit, name="contract_submit"),
    path("contracts/<int:pk>/discard/", discard, name="contract_discard"),
]
