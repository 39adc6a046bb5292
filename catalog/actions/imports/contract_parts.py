"""A row of a file as a part of a contract, by the same columns and actions for every kind of part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.actions import agreed, instruments, own_prices
from catalog.actions.imports import own_checks
from catalog.actions.imports.contract_places import Places
from catalog.actions.imports.contract_rows import refusals
from catalog.actions.part_errors import minor_errors, outside
from catalog.actions.tariff_columns import numbers_of
from catalog.models import Contract
from catalog.queries.contract_cells import ROWS, TABLES, part_values
from catalog.rules.files.faults import Fault
from catalog.rules.files.own_columns import MULTIPLIERS, OVERRIDES
from catalog.rules.files.part_columns import BOUNDED, COMMITS, DISCOUNTS, ONE_TIME, RECURRING
from catalog.rules.files.prices import laid
from catalog.rules.files.records import Record
from monetization.foundation.actions import rows
from monetization.values.errors import DomainError, Invalid

ADDED: Mapping[str, tuple[str, Callable[..., Any]]] = {
    RECURRING.name: ("recurring", agreed.add_recurring),
    ONE_TIME.name: ("one_time", agreed.add_one_time),
    DISCOUNTS.name: ("discount", agreed.add_discount),
    BOUNDED.name: ("bound", agreed.add_bound),
    COMMITS.name: ("instrument", instruments.add),
    OVERRIDES.name: ("override", own_prices.add_override),
    MULTIPLIERS.name: ("multiplier", own_prices.add_multiplier),
}
UNSAVED = -1  # a contract is there, though it has no number yet
AMOUNTS = ("amount", "invoiced")
DAYS = ("date", "start_date", "end_date")


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as it would be (`values`, by column) and as it is in the draft now (None: new)."""

    record: Record
    contract: Contract
    values: Mapping[str, Any]
    now: Mapping[str, Any] | None

    def said(self, places: Places) -> dict[str, Any]:
        """Give what the action that adds it takes."""
        found = {name: value for name, value in self.values.items() if name != "contract" and value is not None}
        if "product" in found:
            found["product"] = places.products[found["product"]]
        if "products" in found:
            found["products"] = [places.products[key] for key in found["products"]]
        return found


def part_of(record: Record, contract: Contract, places: Places) -> PartRow:
    """Make a part of a row; what it doesn't say stays as the draft's part of its key has it."""
    stored = places.parts[record.table].get((contract.key, record.values["key"]))
    now = part_values(TABLES[record.table], stored) if stored is not None else None
    return PartRow(record, contract, (now or {}) | dict(record.values), now)


def errors_of(row: PartRow, places: Places, at: datetime) -> Iterator[Fault]:
    """Say what is wrong with a part by itself and in its contract."""
    missing = list(_unknown(row, places))
    found = missing or [*refusals(rows.check_alone, _unsaved(row)), *_in_contract(row, places), *_own(row, places, at)]
    lines = row.record.tiers
    said: set[str | None] = set()
    for each in found:
        if each.field in said:  # one word about a cell is enough
            continue
        said.add(each.field)
        yield laid(lines, each) if lines else row.record.fault(each.field or "", each)


def _unknown(row: PartRow, places: Places) -> Iterator[DomainError]:
    said = row.record.values
    for column in ("product", "products"):
        keys = said.get(column, ())
        for key in (keys,) if isinstance(keys, str) else keys:
            if key not in places.products:
                yield Invalid(f"There is no product “{key}”", field=column, fix="Write its key")


def _own(row: PartRow, places: Places, at: datetime) -> Iterator[DomainError]:
    if row.record.table == OVERRIDES.name:
        yield from own_checks.price_errors(row.contract, row.values, places, at)
    elif row.record.table == MULTIPLIERS.name:
        yield from own_checks.multiplier_errors(row.contract, row.values, places, at)


def _unsaved(row: PartRow) -> Any:
    """Make the row that would be kept; it is never saved."""
    model = ROWS[row.record.table]
    names = {field.name for field in model._meta.concrete_fields if not field.is_relation}
    made = model(**{name: value for name, value in row.values.items() if name in names and value is not None})
    made.contract_id = row.contract.pk or UNSAVED
    for name, value in numbers_of(row.values["tariff"]).items() if "tariff" in row.values else ():
        setattr(made, name, value)
    if hasattr(made, "start_date"):
        made.start_date = made.start_date or row.contract.start_date
    if row.record.table == COMMITS.name:
        made.currency = row.contract.currency
        made.end_date = made.end_date or row.contract.end_date
    return made


def _in_contract(row: PartRow, places: Places) -> Iterator[DomainError]:
    said, contract = row.values, row.contract
    if row.record.table == DISCOUNTS.name and (said.get("percent") is None) == (said.get("amount") is None):
        yield Invalid("A discount is a percentage, or an amount", field="percent", fix="Give one of them")
    for name in AMOUNTS:
        yield from minor_errors(contract.currency, name, said.get(name))
    yield from outside(contract, [(name, said.get(name)) for name in DAYS if name in said])
    yield from outside(contract, [("changes", day) for day, _ in said.get("changes", ())])
    key = (contract.account_id, said["key"])
    if row.record.table == COMMITS.name and places.drawn.get(key, contract.pk) != contract.pk:
        yield Invalid(f"The account has a “{said['key']}” already", field="key", fix="Choose another key")
