"""The form of a contract, read into what its actions take; and what a contract that isn't saved yet would mean."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.http import QueryDict
from django.shortcuts import get_object_or_404

from catalog.actions import contracts
from catalog.models import Contract, RateCard, RateCardVersion
from catalog.queries import cycle_of
from monetization.foundation.models import Account, LegalEntity
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest, day_in, number_in
from monetization.values.errors import DomainError, Invalid
from monetization.values.periods import Period

TEXTS = ("key", "name", "currency", "cadence", "anchor", "purchase_order")
FIELDS = (
    *TEXTS, "account", "legal_entity", "rate_card", "pinned_version", "pinned_until", "start_date", "end_date",
    "anchor_day", "discount_percent", "net_days",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be agreed: what is wrong with it, and the first periods that it would be billed in."""

    errors: tuple[DomainError, ...]
    periods: tuple[Period, ...]
    zone: str


def typed_form(typed: QueryDict) -> dict[str, str]:
    """Give the form as it was typed."""
    return {name: typed.get(name, "").strip() for name in FIELDS}


def form_of(contract: Contract) -> dict[str, str]:
    """Give the form that says what a contract says."""
    texts = {name: str(getattr(contract, name)) for name in TEXTS}
    ids = {name: str(getattr(contract, f"{name}_id")) for name in ("account", "legal_entity", "rate_card")}
    days = {name: _iso(getattr(contract, name)) for name in ("start_date", "end_date", "pinned_until")}
    return texts | ids | days | {
        "pinned_version": str(contract.pinned_version_id or ""), "anchor_day": str(contract.anchor_day or ""),
        "discount_percent": f"{contract.discount_percent.normalize():f}", "net_days": str(contract.net_days),
    }  # fmt: skip


def _iso(day: Any) -> str:
    return day.isoformat() if day else ""


def terms_in(request: StaffRequest) -> dict[str, Any]:
    """Read everything but account and key. Raises Invalid with the field that can't be read."""
    typed = typed_form(request.POST)
    start = day_in(typed["start_date"], "start_date")
    if start is None:
        raise Invalid("It has no first day", field="start_date", fix="Choose the first day that it serves")
    place = {"environment": request.environment}
    return {
        "name": typed["name"],
        "legal_entity": _row(LegalEntity.objects.filter(**place), typed["legal_entity"], "legal_entity"),
        "rate_card": _row(RateCard.objects.filter(**place), typed["rate_card"], "rate_card"),
        "pinned_version": _pinned(request, typed["pinned_version"]),
        "pinned_until": day_in(typed["pinned_until"], "pinned_until"),
        "currency": typed["currency"].upper(),
        "start_date": start,
        "end_date": day_in(typed["end_date"], "end_date"),
        "cadence": typed["cadence"] or Contract.Cadence.MONTHLY.value,
        "anchor": typed["anchor"] or Contract.Anchor.CONTRACT_DAY.value,
        "anchor_day": _whole(typed["anchor_day"], "anchor_day") if typed["anchor"] == "day" else None,
        "discount_percent": number_in(typed["discount_percent"] or "0", "discount_percent"),
        "net_days": _whole(typed["net_days"] or "30", "net_days"),
        "purchase_order": typed["purchase_order"],
    }


def account_in(request: StaffRequest) -> Account:
    """Read the account, among those that this person may see. Raises Invalid."""
    wanted = request.POST.get("account", "")
    found: Account = _row(accounts_for(request.user, request.environment), wanted, "account")
    return found


def preview(request: StaffRequest, at: datetime) -> Preview:
    """Check a form by the same rules as the real thing, without saving anything."""
    try:
        account, terms = account_in(request), terms_in(request)
        contract = Contract(environment=request.environment, account=account, key=request.POST.get("key", ""), **terms)
    except DomainError as error:
        return Preview(error.errors, (), "UTC")
    try:
        found = contracts.errors(contract, at)
    except DomainError as error:
        found = [error]
    return Preview(tuple(found), _periods(contract), account.time_zone)


def _periods(contract: Contract) -> tuple[Period, ...]:
    try:
        return tuple(islice(cycle_of(contract).periods(), 3))
    except DomainError:
        return ()


def _pinned(request: StaffRequest, text: str) -> RateCardVersion | None:
    if not text:
        return None
    versions = RateCardVersion.objects.filter(rate_card__environment=request.environment)
    return get_object_or_404(versions, pk=int(text) if text.isdigit() and len(text) < 19 else 0)


def _row(rows: Any, text: str, field: str) -> Any:
    found = rows.filter(pk=int(text)).first() if text.isdigit() and len(text) < 19 else None
    if found is None:
        raise Invalid("Nothing is chosen here", field=field, fix="Choose one of the list")
    return found


def _whole(text: str, field: str) -> int:
    if not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field=field, fix="Write digits, such as 30")
    return int(text)
