"""Contracts and parts of a file as lines of a preview: a line for what is new, and one for each cell that changes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.actions.imports.contract_parts import PartRow
from catalog.actions.imports.contract_rows import ContractRow
from catalog.queries.contract_cells import cells_of, contract_values
from catalog.rules.diff import Change, percent_change
from catalog.rules.files.previews import Line, cell_of, percent_of
from catalog.rules.files.records import Record
from catalog.rules.tariffs import Tariff, WrittenModel

NOUNS = {
    "recurring": "fee", "one_time": "one-time fee", "discounts": "discount", "bounds": "bound", "commits": "commit",
    "overrides": "own price", "multipliers": "multiplier",
}  # fmt: skip
SUMMED = {
    "contracts": ("account", "rate_card", "currency", "start_date", "end_date"),
    "recurring": ("quantity", "unit_price", "product"),
    "one_time": ("quantity", "unit_price", "product"),
    "discounts": ("percent", "amount", "products"),
    "bounds": ("kind", "amount", "products"),
    "commits": ("kind", "amount", "invoiced", "start_date", "end_date"),
    "overrides": ("product", "match", "tariff", "start_date", "end_date"),
    "multipliers": ("factor", "products", "tags", "match", "start_date", "end_date"),
}


def lines_of(row: ContractRow) -> list[Line]:
    """Give the lines of a contract."""
    now = contract_values(row.now) if row.now is not None else None
    return _lines(row.record, row.contract.key, row.contract.name, contract_values(row.contract), now)


def line_of_part(row: PartRow) -> list[Line]:
    """Give the lines of a part."""
    subject = f"{row.contract.name} · {NOUNS[row.record.table]} {row.values['key']}"
    return _lines(row.record, row.contract.key, subject, row.values, row.now)


def _lines(record: Record, key: str, subject: str, new: Mapping[str, Any], now: Mapping[str, Any] | None) -> list[Line]:
    after = cells_of(dict(new))
    if now is None:
        words = " · ".join(after[name] for name in SUMMED[record.table] if after.get(name))
        return [Line(Change.ADDED, key, subject, "", "", words, None, record.row, record.sheet)]
    before = cells_of(dict(now))
    found = [
        Line(
            Change.CHANGED, key, subject, name, before.get(name, ""), cell,
            _percent(now.get(name), new.get(name)), record.row, record.sheet,
        )
        for name, cell in after.items()
        if cell != before.get(name, "")
    ]  # fmt: skip
    return found or [Line(Change.UNCHANGED, key, subject, row=record.row, sheet=record.sheet)]


def _percent(old: Any, new: Any) -> Decimal | None:
    """Give the change of a number, or of a price per unit, in percent."""
    if isinstance(old, Tariff) and isinstance(new, Tariff):
        return percent_change(*(each.tiers[0].unit_price for each in (old, new))) if _per_unit(old, new) else None
    return percent_of(cell_of(old), cell_of(new))


def _per_unit(*tariffs: Tariff) -> bool:
    return all(each.model is WrittenModel.PER_UNIT for each in tariffs)
