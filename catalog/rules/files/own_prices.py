"""Rows of contracts' own prices: consecutive rows of one contract and key are the tiers of one price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from catalog.rules.files.faults import Fault
from catalog.rules.files.own_columns import MULTIPLIERS, OF_PRICE, OVERRIDES
from catalog.rules.files.prices import laid, tariff_of
from catalog.rules.files.records import Record
from monetization.values.errors import Invalid


def merged(records: Sequence[Record]) -> tuple[list[Record], list[Fault]]:
    """Make one record of each price, with its tariff, and give those of multipliers their match; others stay."""
    found: list[Record] = []
    faults: list[Fault] = []
    for _, group in groupby(enumerate(records), key=_price_of):
        rows = tuple(record for _, record in group)
        if rows[0].table == MULTIPLIERS.name:
            found.append(replace(rows[0], values={**rows[0].values, "match": dict(rows[0].others)}))
        elif rows[0].table != OVERRIDES.name or not all(row.is_whole for row in rows):
            found += [replace(row, is_whole=row.is_whole and row.table != OVERRIDES.name) for row in rows]
        else:
            found += _merged(rows, faults)
    return found, faults


def _price_of(pair: tuple[int, Record]) -> tuple[Any, ...]:
    index, record = pair
    said = record.values
    if record.table != OVERRIDES.name or "contract" not in said or "key" not in said:
        return (index,)
    return record.sheet, said["contract"], said["key"]


def _merged(rows: tuple[Record, ...], faults: list[Fault]) -> list[Record]:
    first = rows[0]
    for row in rows[1:]:
        wrong = Invalid(f"Row {first.row} says it otherwise", fix="Say it alike in all its tiers")
        names = [name for name in OF_PRICE if row.values.get(name) != first.values.get(name)]
        faults += [row.fault(name, wrong) for name in names]
        if dict(row.others) != dict(first.others):
            faults.append(row.fault("", wrong))
    try:
        tariff = tariff_of(rows)
    except Invalid as error:
        faults += [laid(rows, each) for each in error.errors]
        return []
    values = {name: first.values[name] for name in OF_PRICE if name in first.values}
    return [replace(first, values=values | {"tariff": tariff, "match": dict(first.others)}, tiers=rows)]
