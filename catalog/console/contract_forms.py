"""The fields of a contract's draft: how each is read, and what a form says that says what a contract says."""

from collections.abc import Callable, Iterable
from typing import Any

from catalog.models import Contract, RateCard, RateCardVersion
from monetization.foundation.models import Account, LegalEntity
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest, day_in, number_in
from monetization.values.errors import DomainError, Invalid

TEXTS = ("name", "currency", "cadence", "anchor", "purchase_order", "combine_multipliers")
Reader = Callable[[StaffRequest, str, str], Any]


def form_of(contract: Contract) -> dict[str, str]:
    """Give the form that says what a contract says."""
    texts = {name: str(getattr(contract, name)) for name in TEXTS}
    ids = {name: str(getattr(contract, f"{name}_id")) for name in ("legal_entity", "rate_card")}
    days = {name: _iso(getattr(contract, name)) for name in ("start_date", "end_date", "pinned_until")}
    return texts | ids | days | {
        "pinned_version": str(contract.pinned_version_id or ""), "anchor_day": str(contract.anchor_day or ""),
        "discount_percent": f"{contract.discount_percent.normalize():f}" if contract.discount_percent else "",
        "net_days": str(contract.net_days),
    }  # fmt: skip


def _iso(day: Any) -> str:
    return day.isoformat() if day else ""


def read(request: StaffRequest, names: Iterable[str]) -> tuple[dict[str, Any], list[DomainError]]:
    """Read fields of a draft, each by itself: what could be read, and what is wrong with the others."""
    found: dict[str, Any] = {}
    errors: list[DomainError] = []
    for name in names:
        try:
            found[name] = READERS.get(name, _text)(request, name, request.POST.get(name, "").strip())
        except DomainError as error:
            errors += error.errors
    return found, errors


def account_in(request: StaffRequest) -> Account:
    """Read the account, among those that this person may see. Raises Invalid."""
    rows = accounts_for(request.user, request.environment)
    found: Account = row_in(rows, request.POST.get("account", ""), "account")
    return found


def row_in(rows: Any, text: str, field: str) -> Any:
    """Find the row that is chosen. Raises Invalid."""
    found = rows.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 19 else None
    if found is None:
        raise Invalid("Nothing is chosen here", field=field, fix="Choose one of the list")
    return found


def whole_in(text: str, field: str) -> int:
    """Read a whole number of up to four digits. Raises Invalid."""
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field=field, fix="Write digits, such as 30")
    return int(text)


def _text(request: StaffRequest, name: str, text: str) -> str:
    return text


def _day(request: StaffRequest, name: str, text: str) -> Any:
    return day_in(text, name)


def _first_day(request: StaffRequest, name: str, text: str) -> Any:
    if not text:
        raise Invalid("It has no first day", field=name, fix="Choose the first day that it serves")
    return day_in(text, name)


def _currency(request: StaffRequest, name: str, text: str) -> str:
    return text.upper()


def _entity(request: StaffRequest, name: str, text: str) -> Any:
    return row_in(LegalEntity.objects.filter(environment=request.environment), text, name)


def _card(request: StaffRequest, name: str, text: str) -> Any:
    return row_in(RateCard.objects.filter(environment=request.environment), text, name)


def _version(request: StaffRequest, name: str, text: str) -> Any:
    versions = RateCardVersion.objects.filter(rate_card__environment=request.environment)
    return row_in(versions, text, name) if text else None


def _anchor_day(request: StaffRequest, name: str, text: str) -> int | None:
    return whole_in(text, name) if request.POST.get("anchor") == "day" else None


def _net_days(request: StaffRequest, name: str, text: str) -> int:
    return whole_in(text or "30", name)


def _percent(request: StaffRequest, name: str, text: str) -> Any:
    return number_in(text or "0", name)


READERS: dict[str, Reader] = {
    "currency": _currency, "legal_entity": _entity, "rate_card": _card, "pinned_version": _version,
    "pinned_until": _day, "start_date": _first_day, "end_date": _day, "anchor_day": _anchor_day, "net_days": _net_days,
    "discount_percent": _percent,
}  # fmt: skip
