"""Records of a rate card's file as charges: consecutive rows of one product, currency and match are one price's tiers.

`Charges.fault_of` leads a refusal of a charge (`charges[0].prices[3].tiers[1].up_to`) back to its row and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from catalog.rules.drafts import ChargeDraft, ChargeTerms, Cut, PriceDraft
from catalog.rules.files.faults import Fault
from catalog.rules.files.price_columns import OF_CHARGE, OF_ROW, OF_TIER, PRICES
from catalog.rules.files.records import Record
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.terms import Reset
from catalog.rules.written import OF_TIERS, tariff_in
from monetization.values.errors import DomainError, Invalid

PATH = re.compile(r"(?:charges\[(\d+)\])?\.?(?:prices\[(\d+)\])?\.?(?:tiers\[(\d+)\])?\.?(.*)")
ONLY_TIERS = ("up_to", "flat_fee", "block_size")
Rows = tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Charges:
    """What a file prices: drafts in the order of the products' first rows, their rows, and what is wrong with these."""

    drafts: tuple[ChargeDraft, ...]
    rows: tuple[tuple[Rows, ...], ...]
    faults: tuple[Fault, ...]

    def fault_of(self, error: DomainError) -> Fault:
        """Lay a refusal at the cell that it is about."""
        found = PATH.fullmatch(error.field or "")
        charge, price, tier, rest = found.groups() if found else (None, None, None, "")
        if charge is None or int(charge) >= len(self.rows):
            return Fault(0, "", error.message, error.fix or "")
        prices = self.rows[int(charge)]
        rows = prices[int(price or 0)]
        return rows[min(int(tier or 0), len(rows) - 1)].fault(_column(rest), error)


def charges_in(records: Sequence[Record]) -> Charges:
    """Read records as charges; what can't be priced is left out and named among the faults."""
    faults: list[Fault] = []
    found: dict[tuple[str, str], list[tuple[PriceDraft, Rows]]] = {}
    first: dict[tuple[Any, ...], Record] = {}
    for key, group in groupby(records, key=_key):
        rows = tuple(group)
        head = rows[0]
        if first.setdefault(key, head) is not head:
            message = f"Row {first[key].row} prices the same usage"
            fix = "Put its tiers below each other, or leave one out"
            faults.append(head.fault("currency", Invalid(message, fix=fix)))
            continue
        if not all(row.is_whole for row in rows):
            continue
        try:
            draft = PriceDraft(head.values.get("currency", ""), dict(head.others), tariff_of(rows))
        except Invalid as error:
            faults += [laid(rows, each) for each in error.errors]
            continue
        found.setdefault((head.values["product"], head.values["metric"]), []).append((draft, rows))
    return Charges(*_charges(found, faults), tuple(faults))


def _charges(
    found: dict[tuple[str, str], list[tuple[PriceDraft, Rows]]], faults: list[Fault]
) -> tuple[tuple[ChargeDraft, ...], tuple[tuple[Rows, ...], ...]]:
    drafts = []
    for (product, metric), pairs in found.items():
        terms = _terms([record for _, rows in pairs for record in rows], faults)
        drafts.append(ChargeDraft(product, metric, tuple(draft for draft, _ in pairs), terms))
    return tuple(drafts), tuple(tuple(rows for _, rows in pairs) for pairs in found.values())


def _key(record: Record) -> tuple[Any, ...]:
    said = record.values
    whole = tuple(said.get(name) for name in ("product", "metric"))
    alone = None if None not in whole else record.row
    return (*whole, said.get("currency"), tuple(sorted(record.others.items())), alone)


def tariff_of(rows: Rows) -> Tariff:
    """Read the rows of one price as its tariff. Raises Invalid, naming tiers by their number."""
    said = rows[0].values
    named = said.get("model")
    model = WrittenModel(named or ("PER_UNIT" if len(rows) == 1 else "GRADUATED"))
    if not model.has_tiers and len(rows) > 1:
        raise Invalid(f"Row {rows[0].row} prices the same usage", field="tiers[1].model", fix="Name a model with tiers")
    if not model.has_tiers:
        _guard_alone(rows[0], model)
        return tariff_in({"model": model.value, **{name: said[name] for name in (*OF_TIER, *OF_ROW) if name in said}})
    for index, row in enumerate(rows):
        _guard_tier(index, row, model, rows[0])
    tiers = [{name: row.values.get(name) for name in OF_TIERS[model]} for row in rows]
    whole = {name: said[name] for name in OF_ROW if name in said}
    return tariff_in({"model": model.value, "tiers": tiers, **whole})


def _guard_alone(row: Record, model: WrittenModel) -> None:
    for name in ONLY_TIERS:
        if name in row.values:
            raise Invalid(f"{model.label} has no {name}", field=name, fix="Empty the cell, or name a model with tiers")


def _guard_tier(index: int, row: Record, model: WrittenModel, first: Record) -> None:
    """Refuse what a tier can't say, so that nothing which somebody wrote is lost in silence."""
    for name in OF_TIER:
        if name in row.values and name not in OF_TIERS[model]:
            fix = f"It takes {', '.join(OF_TIERS[model])}"
            raise Invalid(f"A tier of {model.label.lower()} has no {name}", field=f"tiers[{index}].{name}", fix=fix)
    for name in ("model", *OF_ROW):
        if name in row.values and row.values[name] != first.values.get(name):
            message = f"Row {first.row} says something else about the same price"
            raise Invalid(message, field=f"tiers[{index}].{name}", fix="Say it once, or alike")


def _terms(rows: Sequence[Record], faults: list[Fault]) -> ChargeTerms:
    """Read how a charge counts: each setting is said once, or alike."""
    said: dict[str, Any] = {}
    for record, name, value in _settings(rows):
        if said.setdefault(name, value) != value:
            wrong = Invalid("Another row of the product says something else", fix="Say it once, or alike")
            faults.append(record.fault(name, wrong))
    if "tier_by" in said:
        said["tier_by"] = tuple(part.strip() for part in said["tier_by"].split(",") if part.strip())
    for name, kind in (("cut", Cut), ("tier_reset", Reset)):
        if name in said:
            said[name] = kind(said[name])
    return ChargeTerms(**said)


def _settings(rows: Sequence[Record]) -> Iterator[tuple[Record, str, Any]]:
    for record in rows:
        yield from ((record, name, record.values[name]) for name in OF_CHARGE if name in record.values)


def laid(rows: Rows, error: DomainError) -> Fault:
    """Lay a refusal of a price at the cell of its rows that it is about."""
    found = PATH.fullmatch(error.field or "")
    _, _, tier, rest = found.groups() if found else (None, None, None, "")
    return rows[min(int(tier or 0), len(rows) - 1)].fault(_column(rest), error)


def _column(rest: str) -> str:
    """Name the column that the end of a path is about; none for what several say together."""
    name = rest.partition("[")[0]
    if name == "prices":
        return "currency"
    return name if name in PRICES.names or name.startswith(PRICES.others) else ""
