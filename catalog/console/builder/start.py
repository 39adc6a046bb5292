"""Where a deal starts from: from nothing, or from a plan, or from an earlier contract with its days moved."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.actions import contracts, copying
from catalog.actions.plan_contracts import contract_from_plan
from catalog.console.builder.typed import free_key
from catalog.console.contract_forms import account_in, row_in
from catalog.console.contracts import DRAFT, contracts_in, crumbs_to
from catalog.models import Contract, PlanVersion, RateCard
from catalog.queries.plans import package_of
from monetization.foundation.console import page, show
from monetization.foundation.models import Account, LegalEntity
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, day_in, perform, refused
from monetization.values.errors import DomainError, Invalid

MOST = 1000
NOTHING: Outcome[Any] = Outcome()


@page(DRAFT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_contract(request: StaffRequest) -> HttpResponse:
    """Start a deal; it is a draft from here on."""
    outcome = _started(request) if request.method == "POST" else NOTHING
    if outcome.value:
        return HttpResponseRedirect(reverse("console:contract_edit", args=[outcome.value.pk]))
    typed = request.POST if request.method == "POST" else request.GET
    context = {
        "outcome": outcome, "account": typed.get("account", ""), "name": typed.get("name", ""),
        "first": typed.get("start_date") or next_month(timezone.localdate()).isoformat(),
        "start": typed.get("start", ""), "accounts": _accounts(request), "starts": _starts(request),
        "has_prices": RateCard.objects.filter(environment=request.environment).exists(),
    }  # fmt: skip
    return show(
        request, "catalog/builder/start.html", context, title="New contract", crumbs=crumbs_to(), status=outcome.status
    )


def next_month(today: date) -> date:
    """Give the first day of the month after."""
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def _accounts(request: StaffRequest) -> list[tuple[int, str]]:
    rows = accounts_for(request.user, request.environment).order_by("name")[:MOST]
    return [(one.pk, f"{one.name} · {one.time_zone}") for one in rows]


def _starts(request: StaffRequest) -> list[tuple[str, str]]:
    """List what a deal can start from."""
    plans = PlanVersion.objects.filter(plan__environment=request.environment, status="APPROVED").select_related("plan")
    packed = [(f"plan:{one.pk}", f"plan {one}") for one in plans.order_by("plan__name", "-number")[:MOST]]
    earlier = contracts_in(request).exclude(status="WITHDRAWN").order_by("account__name", "-start_date")[:MOST]
    return [
        ("", "a blank deal"),
        *packed,
        *((f"contract:{one.pk}", f"like {one.name}, {one.currency}") for one in earlier),
    ]


def _started(request: StaffRequest) -> Outcome[Contract]:
    typed = request.POST
    try:
        account = account_in(request)
        first = day_in(typed.get("start_date", ""), "start_date") or next_month(timezone.localdate())
        name = typed.get("name", "").strip() or f"{account.name} {first.year}"
        given = {"account": account, "name": name, "key": _key(account, first), "start_date": first}
        kind, _, number = typed.get("start", "").partition(":")
        if kind == "contract":
            return perform(request, copying.copy, source=row_in(contracts_in(request), number, "start"), **given)
        if kind == "plan":
            version = row_in(PlanVersion.objects.filter(plan__environment=request.environment), number, "start")
            given["currency"] = _currency(account, package_of(version).currencies)
            return perform(request, contract_from_plan, plan_version=version, **given)
        return perform(request, contracts.draft, **given, **_usual(account))
    except DomainError as error:
        return refused(error)


def _currency(account: Account, offered: Sequence[str]) -> str:
    """Choose a plan's currency: that of the account's last contract where it is offered, else the first."""
    last = _last(account)
    return last.currency if last is not None and last.currency in offered else next(iter(offered), "")


def _last(account: Account) -> Contract | None:
    return Contract.objects.filter(account=account).exclude(status="WITHDRAWN").order_by("-start_date").first()


def _usual(account: Account) -> dict[str, Any]:
    """Say what a blank deal says: as the account's last contract does, else what there is."""
    last = _last(account)
    if last is not None:
        return {"legal_entity": last.legal_entity, "rate_card": last.rate_card, "currency": last.currency,
                "cadence": last.cadence, "anchor": last.anchor, "anchor_day": last.anchor_day,
                "net_days": last.net_days}  # fmt: skip
    place = {"environment": account.environment_id}
    seller = LegalEntity.objects.filter(**place, country=account.country).first()
    seller = seller or LegalEntity.objects.filter(**place).first()
    card = RateCard.objects.filter(**place, versions__status="APPROVED").order_by("pk").first()
    if seller is None or card is None:
        raise Invalid("There is nothing to sell yet", fix="Set up a legal entity and have a price list approved first")
    return {"legal_entity": seller, "rate_card": card, "currency": seller.reporting_currency, "anchor": "first"}


def _key(account: Account, first: date) -> str:
    taken = set(Contract.objects.filter(environment=account.environment_id).values_list("key", flat=True))
    return free_key(f"{account.key}-{first.year}", taken)


pages = [path("contracts/new/", new_contract, name="contract_new")]
