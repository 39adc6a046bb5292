"""Contracts as they are read: what is agreed, what is in force today and where each price comes from."""

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.console.deal_difference import against_now
from catalog.console.own_rows import own_rows
from catalog.console.part_rows import part_rows
from catalog.console.standing import standing_of, timeline
from catalog.models import Amendment, Contract
from catalog.queries import period_of, service, settings_on, terms_for
from catalog.rules.terms import Charge
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest, day_in
from monetization.values.errors import DomainError
from monetization.values.periods import local_date

DRAFT = "catalog.draft_contract"
SHOWN = 60
WAITING = ("DRAFT", "SUBMITTED", "NEXT")


def contracts_in(request: StaffRequest) -> QuerySet[Contract]:
    """Return the contracts of the accounts that this person may see."""
    seen = Contract.objects.filter(environment=request.environment)
    return seen.filter(account__in=accounts_for(request.user, request.environment)).select_related(
        "account__customer",
        "legal_entity",
        "rate_card",
        "pinned_version",
        "request",
        "last_edited_by",
        "plan_version__plan",
    )


def crumbs_to(contract: Contract | None = None) -> list[Crumb]:
    """Lead from the list of contracts to a page below it."""
    start: list[Crumb] = [("Contracts", reverse("console:catalog_contract_changelist"))]
    return start if contract is None else [*start, (contract.name, reverse("console:contract", args=[contract.pk]))]


def state_of(contract: Contract, now: datetime) -> tuple[str, str]:
    """Say where a contract stands in time: (state, words)."""
    if contract.status != "APPROVED":
        return contract.status, contract.get_status_display()
    span = service(contract)
    if now in span:
        return "LIVE", "In force"
    return ("NEXT", "Scheduled") if span.starts_at > now else ("ENDED", "Ended")


@page("catalog.read")
@require_safe
def contract_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show a contract; a draft to those who may edit it as the deal that they put together."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    if contract.is_draft and request.user.has_perm(DRAFT):
        return HttpResponseRedirect(reverse("console:contract_edit", args=[pk]))
    now, text = timezone.now(), request.GET.get("q", "").strip()
    state, label = state_of(contract, now)
    on = _day_asked(request)
    charges = in_force(contract, now) if state == "LIVE" else ()
    context = {
        "contract": contract, "state": state, "label": label, "now": now, "text": text, "charges": charges,
        "prices": _prices(charges, text), "shown": SHOWN,
        "period": period_of(contract, now) if state == "LIVE" else None,
        "standing": standing_of(contract.request, request.user) if contract.request else None,
        "timeline": timeline(contract.request) if contract.request else (),
        "parts": part_rows(contract, on), "on": on, "own": own_rows(contract, now), "shown_own": SHOWN,
        "may_amend": contract.status == "APPROVED" and request.user.has_perm(DRAFT),
        "amendments": contract.amendments.order_by("-effective_date", "-number"), "amend_kinds": Amendment.Kind.choices,
        "settings": settings_on(contract, on or local_date(now, contract.account.time_zone)),
        "difference": against_now(contract, now) if state in WAITING else None, "is_waiting": state in WAITING,
    }  # fmt: skip
    return show(request, "catalog/contract.html", context, title=contract.name, crumbs=crumbs_to(), parts=("prices",))


def _day_asked(request: StaffRequest) -> date | None:
    """Read the day as of which terms are shown; None: all that is agreed."""
    try:
        return day_in(request.GET.get("on", "").strip(), "on")
    except DomainError:
        return None


def in_force(contract: Contract, now: datetime) -> tuple[Charge, ...]:
    """Return the charges that hold at this instant."""
    try:
        terms = terms_for(contract=contract, period=period_of(contract, now))
    except DomainError:
        return ()
    return next((segment.charges for segment in terms.segments if now in segment.period), ())


def _prices(charges: tuple[Charge, ...], text: str) -> list[tuple[Charge, Any]]:
    """Pair charges with those of their prices that hold every word of the filter."""
    words = text.casefold().split()
    return [
        (charge, price)
        for charge in charges
        for price in charge.prices
        if all(word in f"{charge.name} {price.key}".casefold() for word in words)
    ]


pages = [path("contracts/<int:pk>/", contract_page, name="contract")]
