"""The calculator's form: which inputs a charge has, what they say as a body, and which bodies they can hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from billing.calculator.members import flat, nested, said
from billing.quotes import read
from billing.rules.quotes.bodies import QuoteBody
from monetization.values.errors import DomainError

MOST_CHARGES, MOST_TIERS, MOST_TRANSACTIONS = 20, 12, 1000
MODELS = {
    "PER_UNIT": "Per unit", "GRADUATED": "Graduated tiers", "VOLUME": "Volume: one price for all",
    "PACKAGE": "Packages", "TIERED_FLAT": "Flat fee of the tier", "PERCENTAGE": "Percent of each transaction",
    "recurring": "Recurring fee", "one_time": "One-time fee",
}  # fmt: skip
TIERED = ("GRADUATED", "VOLUME", "TIERED_FLAT")
ROWS = {
    "PER_UNIT": ("unit_price",), "PACKAGE": ("package_size", "package_price"),
    "PERCENTAGE": ("percent", "fixed_fee", "minimum_fee", "maximum_fee"),
    "GRADUATED": ("tiers",), "VOLUME": ("tiers",), "TIERED_FLAT": ("tiers",),
}  # fmt: skip
TIER = {"GRADUATED": ("up_to", "unit_price", "flat_fee"), "VOLUME": ("up_to", "unit_price", "flat_fee"),
        "TIERED_FLAT": ("up_to", "flat_fee")}  # fmt: skip
OF_USAGE = ("free_units", "minimum", "metric")
OF_FEES = {"recurring": ("unit_price", "quantity"), "one_time": ("amount",)}
WHOLE = {"discounts": "percent", "minimums": "amount", "instruments": "balance", "taxes": "percent"}
PLAIN = ("currency", "period")
OWN = ("key", "model", "used", "transactions")
Typed = Mapping[str, str]


def body_of(typed: Typed) -> dict[str, Any]:
    """Read a form as a body; members that the chosen model has no use for are left out."""
    found = nested(typed)
    charges, usage = [], []
    for number, charge in enumerate(_listed(found.get("charges"))[:MOST_CHARGES]):
        for name in OWN:
            if not isinstance(charge.get(name, ""), str):
                del charge[name]
        charge["key"] = charge.get("key") or f"charge-{number + 1}"
        usage += _used(charge)
        charges.append(_charge(charge))
    body = {name: found[name] for name in PLAIN if name in found} | {"charges": charges}
    for name, needed in WHOLE.items():
        if rows := [row for row in _listed(found.get(name)) if needed in row]:
            body[name] = rows
    return body | ({"usage": usage} if usage else {})


def typed_of(body: QuoteBody) -> dict[str, str]:
    """Write a body as the texts of the form."""
    found = said(body)
    events = found.pop("usage", [])
    for charge in found["charges"]:
        kind, rows = charge.pop("kind", "usage"), charge.get("prices", [])
        charge["model"] = (rows[0].pop("model", "PER_UNIT") if rows else "PER_UNIT") if kind == "usage" else kind
        mine = [event.get("quantity", "1") for event in events if event["charge"] == charge["key"]]
        if mine:
            charge["used"] = mine[0]
            if charge["model"] == "PERCENTAGE":
                charge["transactions"] = str(len(mine))
    return {path: str(value) for path, value in flat(found)}


def fits(body: QuoteBody, today: date) -> bool:
    """Say whether the form can hold all that a body says."""
    try:
        return len(body.charges) <= MOST_CHARGES and read(msgspec.json.encode(body_of(typed_of(body))), today) == body
    except DomainError:
        return False


def place_of(field: str, body: Mapping[str, Any]) -> str:
    """Give the input that a refused member stands in: an event's quantity is what its charge used."""
    if not field.startswith("usage["):
        return field
    number = int(field[6 : field.index("]")])
    key = body["usage"][number]["charge"]
    place = next(index for index, charge in enumerate(body["charges"]) if charge["key"] == key)
    return f"charges[{place}].used"


def _used(charge: dict[str, Any]) -> list[dict[str, str]]:
    """Take what was used out of a charge, as events: one, or one for each transaction."""
    used, times = charge.pop("used", None), charge.pop("transactions", "1")
    if used is None or charge.get("model", "PER_UNIT") not in ROWS:
        return []
    many = int(times) if times.isascii() and times.isdigit() and charge.get("model") == "PERCENTAGE" else 1
    return [{"charge": charge["key"], "quantity": used}] * min(many, MOST_TRANSACTIONS)


def _charge(charge: dict[str, Any]) -> dict[str, Any]:
    model = charge.pop("model", "PER_UNIT")
    kept: dict[str, Any] = {name: charge[name] for name in ("key", "name") if name in charge}
    if model in OF_FEES:
        return kept | {"kind": model} | {name: charge[name] for name in OF_FEES[model] if name in charge}
    row = next(iter(_listed(charge.get("prices"))), {})
    price = {name: row[name] for name in ROWS.get(model, ()) if name in row}
    if model in TIERED:
        tiers = [{name: tier[name] for name in TIER[model] if name in tier} for tier in _listed(row.get("tiers"))]
        price["tiers"] = [tier for tier in tiers if tier]
    kept |= {name: charge[name] for name in OF_USAGE if name in charge}
    return kept | {"prices": [({} if model == "PER_UNIT" else {"model": model}) | price]}


def _listed(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
