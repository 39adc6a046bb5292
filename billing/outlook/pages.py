"""The panel beside a deal, and the page of its own where there is no script: nothing here is kept."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.outlook.approval import asks_of
from billing.outlook.prices import effective_of
from billing.outlook.quantities import Typed, typed_in
from billing.outlook.shown import invoices_of, total_of_all
from billing.queries.outlook import Outlook, outlook
from catalog.actions import contracts
from catalog.console.contracts import contracts_in, crumbs_to
from catalog.models import Contract
from catalog.queries import Shelf
from monetization.foundation.console import page, show
from monetization.foundation.web import StaffRequest
from monetization.values.errors import DomainError

BY_HAND = "hand"
SHOWN = 24


@page("billing.read")
@require_safe
def outlook_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what a contract comes to as it stands."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    context = _context(request, contract)
    if request.htmx:
        return render(request, "billing/outlook/panel.html", context)
    title = f"What {contract.name} comes to"
    return show(request, "billing/outlook/page.html", context, title=title, crumbs=crumbs_to(contract))


def _context(request: StaffRequest, contract: Contract) -> dict[str, Any]:
    now, by_hand = timezone.now(), request.GET.get("by") == BY_HAND
    found, typed, error = _reckoned(request, contract, by_hand)
    discounts = found.terms.discounts if found is not None and found.terms is not None else ()
    names = {each.key: each.name for each in Shelf().instruments(contract)}
    return {
        "contract": contract, "found": found, "error": error, "typed": typed, "by_hand": by_hand, "now": now,
        "invoices": invoices_of(found, names) if found is not None else [],
        "total": total_of_all(found, contract.currency) if found is not None else None,
        "prices": effective_of(contract, discounts), "shown": SHOWN,
        "asks": asks_of(contract, request.user, now) if contract.is_draft else (),
        "against": _against(contract) if contract.is_draft else (),
        "zone": contract.account.time_zone,
    }  # fmt: skip


def _reckoned(
    request: StaffRequest, contract: Contract, by_hand: bool
) -> tuple[Outlook | None, Typed | None, DomainError | None]:
    """Reckon on last usage, or on what is typed; say kindly where nothing can be reckoned yet."""
    now = timezone.now()
    try:
        found = outlook(contract, now, () if by_hand else None)
        if not by_hand:
            return found, None, None
        typed = typed_in(found.terms, request.GET)
        return outlook(contract, now, typed.used) if typed.used else found, typed, None
    except DomainError as error:
        return None, None, error


def _against(contract: Contract) -> tuple[DomainError, ...]:
    """List what stands against submitting a draft."""
    try:
        return tuple(contracts.errors(contract, timezone.now()))
    except DomainError as error:
        return error.errors


pages = [path("contracts/<int:pk>/outlook/", outlook_page, name="contract_outlook")]
