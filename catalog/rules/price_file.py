"""Prices from a table: one line a price, or one for each tier of it, with the members of docs/quotes.md as columns.

Columns: `product`, `metric`, `currency`, `model`, the model's numbers, and `up_to`, `unit_price`, `flat_fee`,
`block_size`, `percent` of a tier. Every other column is a dimension; an empty cell is any value. Consecutive lines
of the same product, currency and dimension values are the tiers of one price.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from catalog.rules.drafts import ChargeDraft, PriceDraft
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.written import ALL, FEES, OF_TIERS, tariff_in
from monetization.values.errors import Invalid, refuse_if

Cells = dict[str, str]
PLACE = ("product", "metric", "currency")
NUMBERS = ("unit_price", "package_size", "package_price", "multiplier", *FEES)
OF_TIER = ("up_to", "unit_price", "flat_fee", "block_size", "percent")
KNOWN = frozenset((*PLACE, "model", *ALL, *OF_TIER))
YES = ("yes", "true", "1")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file and its number, the head being 1."""

    number: int
    cells: Cells

    @property
    def match(self) -> Cells:
        """The dimension values that it names."""
        return {name: text for name, text in self.cells.items() if name not in KNOWN and text}

    @property
    def key(self) -> tuple[object, ...]:
        """What makes lines tiers of one price."""
        return (*(self.cells.get(name, "") for name in PLACE), tuple(sorted(self.match.items())))

    def decimal(self, name: str) -> Decimal | None:
        """Read a number exactly. Raises Invalid, naming line and column."""
        text = self.cells.get(name, "")
        try:
            found = Decimal(text) if text else None
        except InvalidOperation:
            found = Decimal("NaN")
        if found is not None and not found.is_finite():
            raise Invalid(f"“{text}” is not a number", field=self.at(name), fix="Write digits and one point")
        return found

    def at(self, name: str) -> str:
        """Name a cell."""
        return f"line {self.number}.{name}"


def charges_in(text: Iterable[str]) -> list[ChargeDraft]:
    """Read a file's lines as charges, in the order of the products' first lines. Raises Invalid."""
    lines = list(_lines(text))
    if not lines:
        raise Invalid("There is no price in this file", field="file", fix="A head line, and a line for each price")
    found: dict[tuple[str, str], list[PriceDraft]] = {}
    for _, group in groupby(lines, key=lambda line: line.key):
        same = list(group)
        cells = same[0].cells
        row = PriceDraft(cells["currency"].upper(), same[0].match, _tariff(same))
        found.setdefault((cells["product"], cells["metric"]), []).append(row)
    return [ChargeDraft(product, metric, tuple(rows)) for (product, metric), rows in found.items()]


def _lines(text: Iterable[str]) -> Iterator[Line]:
    rows = csv.DictReader(text)
    head = [name.strip() for name in rows.fieldnames or ()]
    missing = [name for name in PLACE if name not in head]
    refuse_if(Invalid(f"There is no column {name}", field="file", fix="Add it to the first line") for name in missing)
    rows.fieldnames = head
    for row in rows:
        if None in row:
            raise Invalid("There are more cells than columns", field=f"line {rows.line_num}", fix="Quote commas")
        cells = {name: (value or "").strip() for name, value in row.items()}
        if any(cells.values()):
            yield Line(rows.line_num, cells)


def _tariff(lines: list[Line]) -> Tariff:
    first = lines[0]
    model = first.cells.get("model", "").upper() or ("PER_UNIT" if len(lines) == 1 else "GRADUATED")
    if model not in WrittenModel.__members__:
        fix = f"One of {', '.join(WrittenModel.__members__)}"
        raise Invalid(f"There is no model “{model}”", field=first.at("model"), fix=fix)
    written = WrittenModel(model)
    if not written.has_tiers and len(lines) > 1:
        message = f"Line {first.number} prices the same usage"
        raise Invalid(message, field=f"line {lines[1].number}", fix="Leave one out, or name a model with tiers")
    said: dict[str, Any] = {"model": model, "rounding": first.cells.get("rounding") or None}
    said |= {"retroactive": first.cells.get("retroactive", "").casefold() in YES}
    if said["rounding"] not in (None, "up", "down", "exact"):
        raise Invalid("Packages are rounded up, down or exact", field=first.at("rounding"), fix="Write one of them")
    if written.has_tiers:
        tiers = [{name: line.decimal(name) for name in OF_TIERS[written]} for line in lines]
        return tariff_in(said | {"tiers": tiers}, f"line {first.number}")
    return tariff_in(said | {name: first.decimal(name) for name in NUMBERS}, f"line {first.number}")
