"""What a contract or a grant agrees beside prices, as plain values: for digests, differences and the API's readers."""

from __future__ import annotations

from typing import Any

from django.db import models

from catalog.models import Amendment, Commit, Contract, CreditGrant
from catalog.queries.amended_parts import agreed_with
from catalog.queries.cards import tariff_of_row
from catalog.rules.written import said_of
from monetization.foundation.rules.audit import plain

SCOPE = ("tags", "dimensions")
FIELDS: dict[str, tuple[str, ...]] = {
    "recurring_charges": ("key", "name", "unit_price", "quantity", "timing", "cadence", "start_date", "end_date"),
    "one_time_charges": ("key", "name", "unit_price", "quantity", "date"),
    "allowances": ("key", "name", "units"),
    "discounts": (
        "key", "name", "percent", "amount", "counts_for_minimum", "periods", "carry_rest", "start_date", "end_date",
    ),
    "bounds": ("key", "name", "kind", "amount", "prorates", "start_date", "end_date"),
    "composites": ("key", "name", "percent", "tags", "start_date", "end_date"),
    "instruments": (
        "key", "name", "kind", "currency", "amount", "invoiced", "priority", "start_date", "end_date",
        "rollover_percent", *SCOPE,
    ),
    "commits": ("key", "name", "kind", "priority", "rollover_percent", *SCOPE),
    "recurring_grants": (
        "key", "name", "amount", "cadence", "rollover_periods", "priority", "start_date", "end_date", *SCOPE,
    ),
    "overrides": ("key", "name", "match", "start_date", "end_date"),
    "multipliers": ("key", "name", "factor", "priority", "tags", "match", "start_date", "end_date"),
}  # fmt: skip
ITEM = ("amount", "invoiced", "start_date", "end_date")
PRICE = ("match", "unit_price", "multiplier")
WITH_PRODUCT = ("recurring_charges", "one_time_charges", "allowances", "overrides", "composites")


def agreed_of(contract: Contract, amendment: Amendment | None = None) -> dict[str, list[dict[str, Any]]]:
    """Give every part agreed with a contract, or by an amendment, by name of its table, in the order of keys."""
    return {name: [part_content(name, row) for row in agreed_with(contract, amendment, name)] for name in FIELDS}


def granted_of(grant: CreditGrant) -> dict[str, Any]:
    """Give the credit of a grant."""
    return {"credit": part_content("instruments", grant.instrument)}


def part_content(name: str, row: Any) -> dict[str, Any]:
    """Give one part."""
    said = _fields(row, FIELDS[name])
    if name in WITH_PRODUCT:
        said["product"] = row.product.key
    if name not in WITH_PRODUCT or name == "composites":
        said["products"] = sorted(row.products.values_list("key", flat=True))
    if name == "allowances":
        said["per"] = row.per.key if row.per is not None else None
    if name == "overrides":
        said["tariff"] = plain(said_of(tariff_of_row(row)))
    if name == "recurring_charges":
        said["changes"] = [[plain(each.start_date), plain(each.quantity)] for each in _changes(row)]
    if name == "instruments" and row.rolled_from is not None:
        said["rolled_from"] = row.rolled_from.key
    return said | commit_parts(row) if name == "commits" else said


def commit_parts(commit: Commit) -> dict[str, Any]:
    """Give the schedules and prices of a commit."""
    return {
        "access": [_fields(row, ITEM) for row in commit.items.order_by("start_date", "key")],
        "invoices": [_fields(row, ("amount", "date")) for row in commit.purchases.order_by("date")],
        "prices": [
            _fields(row, PRICE) | {"product": row.product.key}
            for row in commit.prices.select_related("product").order_by("product__key", "match")
        ],
    }


def _fields(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {field: plain(getattr(row, field)) for field in names}


def _changes(row: Any) -> models.QuerySet[Any]:
    found: models.QuerySet[Any] = row.changes.filter(amendment=row.amendment_id).order_by("start_date")
    return found
