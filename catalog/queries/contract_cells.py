"""Contracts and their parts as the cells of a file: what an export writes, and what an import is compared with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from catalog.models import (
    AgreedBound,
    AgreedDiscount,
    Contract,
    Instrument,
    OneTimeCharge,
    PriceMultiplier,
    PriceOverride,
    RecurringCharge,
)
from catalog.queries.cards import tariff_of_row
from catalog.rules.files.contract_columns import CONTRACTS
from catalog.rules.files.exported_prices import tariff_rows
from catalog.rules.files.own_columns import MULTIPLIERS, OF_PRICE, OVERRIDES, OWN_BOOK
from catalog.rules.files.part_columns import BOUNDED, COMMITS, DISCOUNTS, ONE_TIME, PARTS, RECURRING
from catalog.rules.files.previews import cell_of
from catalog.rules.files.tables import Table

Cells = dict[str, str]
Values = dict[str, Any]
ROWS: Mapping[str, type[Any]] = {
    RECURRING.name: RecurringCharge,
    ONE_TIME.name: OneTimeCharge,
    DISCOUNTS.name: AgreedDiscount,
    BOUNDED.name: AgreedBound,
    COMMITS.name: Instrument,
    OVERRIDES.name: PriceOverride,
    MULTIPLIERS.name: PriceMultiplier,
}
TABLES = {table.name: table for table in (*PARTS, *OWN_BOOK.tables)}
MANY = ("products", "changes")
BELOW = {"overrides": ["tiers"]}
KEYED = ("account", "legal_entity", "rate_card", "product", "contract")


def contract_values(contract: Contract) -> Values:
    """Give a contract as the values of a row of its table; rows that it names by key."""
    special = {
        "customer": contract.account.customer.key,
        "pinned_version": contract.pinned_version.number if contract.pinned_version else None,
    }
    return {name: special[name] if name in special else _value(contract, name) for name in CONTRACTS.names}


def part_values(table: Table, part: Any) -> Values:
    """Give a part of a contract as the values of a row of its table."""
    names = OF_PRICE if table is OVERRIDES else table.names
    found = {name: _value(part, name) for name in names if name not in MANY}
    if table is OVERRIDES:
        found["tariff"] = tariff_of_row(part)
    if table.others:
        found["match"] = dict(part.match)
    if "products" in table.names:
        found["products"] = tuple(sorted(product.key for product in part.products.all()))
    if "changes" in table.names:
        found["changes"] = tuple((each.start_date, each.quantity) for each in part.changes.all())
    return found


def cells_of(values: Values) -> Cells:
    """Write values as cells."""
    return {name: cell_of(value) for name, value in values.items()}


def parts_of(contracts: Sequence[int]) -> dict[str, dict[tuple[str, str], Any]]:
    """Find all parts of contracts, by table and then by (contract, key), in a fixed number of queries."""
    return {name: {(row.contract.key, row.key): row for row in _rows(name, contracts)} for name in ROWS}


def exported(contracts: QuerySet[Contract]) -> dict[str, list[Cells]]:
    """Give contracts with all their parts as rows of their tables."""
    listed = list(contracts.select_related("account__customer", "legal_entity", "rate_card", "pinned_version"))
    found = {CONTRACTS.name: [cells_of(contract_values(each)) for each in listed]}
    for name, rows in parts_of([each.pk for each in listed]).items():
        found[name] = [cells for row in rows.values() for cells in _rows_of(TABLES[name], row)]
    return found


def _rows_of(table: Table, part: Any) -> Iterator[Cells]:
    """Write a part as a row; a price of its own as one for each tier."""
    values = part_values(table, part)
    tariff, match = values.pop("tariff", None), values.pop("match", {})
    place = cells_of(values) | {f"{table.others}{key}": text for key, text in match.items()}
    yield from (place | row for row in (tariff_rows(tariff) if tariff is not None else ({},)))


def _rows(name: str, contracts: Sequence[int]) -> QuerySet[Any]:
    model, table = ROWS[name], TABLES[name]
    many = [*(each for each in MANY if each in table.names), *BELOW.get(name, ())]
    one = ["contract", *(["product"] if "product" in table.names else [])]
    alone = {"commit": None, "recurring": None} if model is Instrument else {}  # items of a schedule go with that
    found: QuerySet[Any] = (
        model.objects.filter(contract__in=contracts, **alone).select_related(*one).prefetch_related(*many)
    )
    return found


def _value(row: Any, name: str) -> Any:
    value = getattr(row, name)
    if isinstance(value, list):
        return tuple(value)
    return value.key if name in KEYED else value
