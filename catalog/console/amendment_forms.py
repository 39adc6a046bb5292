"""The form of an amendment, read into what its action takes."""

from datetime import timedelta
from typing import Any

from django.http import QueryDict

from catalog.models import Amendment, Contract
from catalog.queries.amended import amended
from monetization.foundation.web import StaffRequest, day_in, number_in
from monetization.values.errors import Invalid

FIELDS = ("kind", "effective_date", "reason", "end_date", "net_days", "purchase_order", "charge", "quantity", "ends")
DAY = timedelta(days=1)


def typed_form(typed: QueryDict) -> dict[str, str]:
    """Give the form as it was typed."""
    return {name: typed.get(name, "").strip() for name in FIELDS} | {"is_open": "yes" if "is_open" in typed else ""}


def amendment_in(request: StaffRequest) -> dict[str, Any]:
    """Read what shall change. Raises Invalid with the field that can't be read."""
    typed = typed_form(request.POST)
    day = day_in(typed["effective_date"], "effective_date")
    if day is None:
        raise Invalid("It has no first day", field="effective_date", fix="Choose the first day that it changes")
    said: dict[str, Any] = {
        "kind": typed["kind"], "effective_date": day, "reason": typed["reason"],
        "end_date": day_in(typed["end_date"], "end_date"), "is_open": bool(typed["is_open"]),
        "net_days": _whole(typed["net_days"]), "purchase_order": typed["purchase_order"] or None,
    }  # fmt: skip
    if typed["charge"]:
        quantity = number_in(typed["quantity"], "quantity")
        if quantity is None:
            raise Invalid("It has no new quantity", field="quantity", fix="Write a number")
        said["quantities"] = [{"key": typed["charge"], "quantity": quantity}]
    if typed["ends"]:
        part, _, key = typed["ends"].partition(" ")
        said["ends"] = [{"part": part, "key": key, "last_date": None}]
    return said


def charges_of(contract: Contract) -> list[tuple[str, str]]:
    """List the recurring charges whose quantity may change."""
    rows = amended(contract).held(contract.recurring_charges.order_by("pk"))
    return [("", "none"), *((row.key, row.name) for row in rows)]


KINDS = [(kind.value, kind.label) for kind in Amendment.Kind]


def _whole(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field="net_days", fix="Write digits, such as 30")
    return int(text)
