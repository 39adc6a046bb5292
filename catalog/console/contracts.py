"""Contracts: what is agreed, what is in force today and where each price comes from; draft, submit, decide."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.actions import contracts
from catalog.console.contract_forms import account_in, form_of, preview, terms_in, typed_form
from catalog.console.part_rows import KINDS, part_rows
from catalog.console.standing import standing_of, timeline
from catalog.models import Contract, RateCard, RateCardVersion
from catalog.queries import period_of, service, terms_for
from catalog.rules.terms import Charge
from monetization.foundation.console import Crumb, page, show
from monetization.foundation.models import LegalEntity
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused
from monetization.values.errors import DomainError

DRAFT = "catalog.draft_contract"
SHOWN = 60
form_page = require_http_methods(["GET", "HEAD", "POST"])


def contracts_in(request: StaffRequest) -> QuerySet[Contract]:
    """Return the contracts of the accounts that this person may see."""
    seen = Contract.objects.filter(environment=request.environment)
    return seen.filter(account__in=accounts_for(request.user, request.environment)).select_related(
        "account__customer", "legal_entity", "rate_card", "pinned_version", "request", "last_edited_by"
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
    """Show a contract."""
    return _render(request, get_object_or_404(contracts_in(request), pk=pk), Outcome())


def _render(request: StaffRequest, contract: Contract, outcome: Outcome[Any]) -> HttpResponse:
    now, text = timezone.now(), request.GET.get("q", "").strip()
    state, label = state_of(contract, now)
    charges = in_force(contract, now) if state == "LIVE" else ()
    context = {
        "contract": contract, "state": state, "label": label, "now": now, "text": text, "charges": charges,
        "prices": _prices(charges, text), "shown": SHOWN, "outcome": outcome, "typed": request.POST,
        "period": period_of(contract, now) if state == "LIVE" else None,
        "standing": standing_of(contract.request, request.user) if contract.request else None,
        "timeline": timeline(contract.request) if contract.request else (),
        "parts": part_rows(contract), "part_kinds": KINDS,
        "may_edit": contract.is_draft and request.user.has_perm(DRAFT),
    }  # fmt: skip
    return show(
        request, "catalog/contract.html", context, title=contract.name, crumbs=crumbs_to(), parts=("prices",),
        status=outcome.status,
    )  # fmt: skip


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


@page(DRAFT)
@form_page
def new_contract(request: StaffRequest) -> HttpResponse:
    """Draft a contract."""
    outcome: Outcome[Contract] = Outcome()
    if request.method == "POST" and "check" not in request.POST:
        outcome = _draft(request)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:contract", args=[outcome.value.pk]))
    start = {"account": request.GET.get("account", ""), "cadence": "MONTHLY", "anchor": "first", "net_days": "30"}
    form = typed_form(request.POST) if request.method == "POST" else start
    return _form_page(request, form, outcome, None)


def _draft(request: StaffRequest) -> Outcome[Contract]:
    try:
        account, terms = account_in(request), terms_in(request)
    except DomainError as error:
        return refused(error)
    return perform(request, contracts.draft, account=account, key=request.POST.get("key", "").strip(), **terms)


@page(DRAFT)
@form_page
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft's terms."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    outcome: Outcome[Contract] = Outcome()
    if request.method == "POST" and "check" not in request.POST:
        try:
            outcome = perform(request, contracts.edit, contract=contract, **terms_in(request))
        except DomainError as error:
            outcome = refused(error)
    if outcome.value:
        return HttpResponseRedirect(reverse("console:contract", args=[pk]))
    form = typed_form(request.POST) if request.method == "POST" else form_of(contract)
    return _form_page(request, form, outcome, contract)


def _form_page(
    request: StaffRequest, form: dict[str, str], outcome: Outcome[Any], contract: Contract | None
) -> HttpResponse:
    place = {"environment": request.environment}
    accounts, cards = accounts_for(request.user, request.environment), RateCard.objects.filter(**place)
    versions = RateCardVersion.objects.filter(rate_card__in=cards, status="APPROVED").select_related("rate_card")
    context = {
        "form": form, "outcome": outcome, "contract": contract,
        "preview": preview(request, timezone.now()) if request.method == "POST" else None,
        "accounts": [(one.pk, f"{one.name} · {one.time_zone}") for one in accounts],
        "entities": [(one.pk, one.name) for one in LegalEntity.objects.filter(**place)],
        "cards": [(one.pk, one.name) for one in cards],
        "versions": [("", "none: it follows the card"), *((one.pk, str(one)) for one in versions)],
        "cadences": Contract.Cadence.choices, "anchors": Contract.Anchor.choices,
    }  # fmt: skip
    title, crumbs = ("Edit draft", crumbs_to(contract)) if contract else ("New contract", crumbs_to())
    return show(
        request, "catalog/contract_form.html", context, title=title, crumbs=crumbs, parts=("checks",),
        status=outcome.status,
    )  # fmt: skip


@page(DRAFT)
@require_POST
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for approval of a contract."""
    contract, typed = get_object_or_404(contracts_in(request), pk=pk), request.POST
    title, reason = typed.get("title", "").strip(), typed.get("reason", "").strip()
    outcome = perform(request, contracts.submit, contract=contract, title=title, reason=reason)
    if not outcome:
        return _render(request, contract, outcome)
    return HttpResponseRedirect(reverse("console:contract", args=[pk]))


@page(DRAFT)
@require_POST
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a draft."""
    contract = get_object_or_404(contracts_in(request), pk=pk)
    to = reverse("console:account", args=[contract.account_id])
    return perform_and_go(request, contracts.discard, to, f"{contract} is discarded.", contract=contract)


pages = [
    path("contracts/new/", new_contract, name="contract_new"),
    path("contracts/<int:pk>/", contract_page, name="contract"),
    path("contracts/<int:pk>/edit/", edit, name="contract_edit"),
    path("contracts/<int:pk>/submit/", submit, name="contract_submit"),
    path("contracts/<int:pk>/discard/", discard, name="contract_discard"),
]
