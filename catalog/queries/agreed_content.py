"""What a contract or a grant agrees beside prices, as plain values: for digests, differences and the API's readers."""

from __future__ import annotations

from typing import Any

from django.db import models

from catalog.models import Contract, CreditGrant
from monetization.foundation.rules.audit import plain

FIELDS: dict[str, tuple[str, ...]] = {
    "recurring_charges": ("key", "name", "unit_price", "quantity", "timing", "cadence"),
    "one_time_charges": ("key", "name", "unit_price", "quantity", "date"),
    "discounts": ("key", "name", "percent", "amount", "counts_for_minimum"),
    "bounds": ("key", "name", "kind", "amount", "prorates"),
    "instruments": (
        "key", "name", "kind", "currency", "amount", "invoiced", "priority", "start_date", "end_date",
    ),
}  # fmt: skip
WITH_PRODUCT = ("recurring_charges", "one_time_charges")


def agreed_of(contract: Contract) -> dict[str, list[dict[str, Any]]]:
    """Give every part of a contract, by name of its table, in the order of keys."""
    return {name: [_part(name, row) for row in getattr(contract, name).order_by("key")] for name in FIELDS}


def granted_of(grant: CreditGrant) -> dict[str, Any]:
    """Give the credit of a grant."""
    return {"credit": _part("instruments", grant.instrument)}


def _part(name: str, row: Any) -> dict[str, Any]:
    said = {field: plain(getattr(row, field)) for field in FIELDS[name]}
    if name in WITH_PRODUCT:
        said["product"] = row.product.key
    else:
        said["products"] = sorted(row.products.values_list("key", flat=True))
    if name == "recurring_charges":
        said["changes"] = [[plain(each.start_date), plain(each.quantity)] for each in _changes(row)]
    return said


def _changes(row: Any) -> models.QuerySet[Any]:
    found: models.QuerySet[Any] = row.changes.order_by("start_date")
    return found
