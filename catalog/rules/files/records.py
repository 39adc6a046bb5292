"""Sheets read as records: each row's cells by the name of their column, typed, with the place that they came from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.rules.files.cells import value_of
from catalog.rules.files.faults import Fault, letter_of
from catalog.rules.files.sheets import Row, Sheet
from catalog.rules.files.tables import GUIDE, PART, Book, Column, Table
from monetization.foundation.rules.cells import bare
from monetization.values.errors import DomainError, Invalid


@dataclass(frozen=True, slots=True)
class Record:
    """A row that was read: its values (empty cells left out), and others by their name without its beginning.

    One that isn't whole lacks cells that could not be read; it is kept so that its neighbours aren't blamed for it.
    """

    table: str
    sheet: str
    row: int
    values: Mapping[str, Any]
    others: Mapping[str, str]
    letters: Mapping[str, str]
    is_whole: bool = True
    tiers: tuple[Record, ...] = ()

    def fault(self, column: str, error: DomainError) -> Fault:
        """Lay a refusal at a column of this row."""
        letter = self.letters.get(column, "")
        return Fault(self.row, column, error.message, error.fix or "", self.sheet, letter)


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says, and what is wrong with how it says it."""

    records: tuple[Record, ...]
    faults: tuple[Fault, ...]


def records_in(sheets: Sequence[Sheet], book: Book) -> Read:
    """Read every sheet that a table of the book stands in."""
    records: list[Record] = []
    faults: list[Fault] = []
    for sheet in sheets:
        if len(sheets) > 1 and sheet.name.casefold() == GUIDE:
            continue
        table = book.table(sheet.name) or (book.main if len(sheets) <= 2 and len(book.tables) == 1 else None)
        if table is None and sheet.name:
            known = ", ".join(each.name for each in book.tables)
            faults.append(Fault(0, "", f"There is no table “{sheet.name}”", f"Name the sheet {known}", sheet.name))
            continue
        _read(sheet, table or book.main, book, records, faults)
    return Read(tuple(records), tuple(faults))


def _read(sheet: Sheet, table: Table, book: Book, records: list[Record], faults: list[Fault]) -> None:
    number, cells = sheet.rows[0]
    names = tuple(_plainly(cell, book) for cell in cells)
    tables = book.tables if PART in names else (table,)
    unknown = [_unknown(number, index, names, tables, sheet.name) for index in range(len(names))]
    missing = [each for each in table.columns if each.needed and each.name not in names] if len(tables) == 1 else []
    faults += [*sheet.faults, *(fault for fault in unknown if fault is not None)]
    for column in missing:
        faults.append(Fault(number, column.name, f"There is no column {column.name}", "Add it here", sheet.name))
    if missing:
        return  # without them no row says anything
    head = tuple("" if fault is not None else name for name, fault in zip(names, unknown, strict=True))
    for row in sheet.rows[1:]:
        record = _record(row, head, sheet, table, book, faults)
        if record is not None:
            records.append(record)


def _plainly(name: str, book: Book) -> str:
    """Forgive capitals and spaces in a column's name: `Unit price` is unit_price."""
    word = name.strip().casefold().replace(" ", "_")
    known = (word == PART and len(book.tables) > 1) or any(table.column(word) for table in book.tables)
    return word if known else name.strip()


def _unknown(row: int, index: int, names: Sequence[str], tables: Sequence[Table], sheet: str) -> Fault | None:
    """Say what is wrong with a column's name; None where it is known."""
    name, letter = names[index], letter_of(index)
    known = [*([PART] if len(tables) > 1 else ()), *(each for table in tables for each in table.names)]
    starts = tuple(table.others for table in tables if table.others)
    if not name:
        return Fault(row, "", "This column has no name", "Name it, or empty it", sheet, letter)
    if name in names[:index]:
        return Fault(row, name, "This column is there twice", "Take one away", sheet, letter)
    if name in known or (starts and name.startswith(starts) and name not in starts):
        return None
    return Fault(row, name, f"There is no column “{name}”", _nearest(name, known, starts), sheet, letter)


def _nearest(name: str, known: Sequence[str], starts: Sequence[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), known, 1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"A dimension's column is named {starts[0]}{name}" if starts else "Take it away; the template has them all"


def _record(
    row: Row, head: tuple[str, ...], sheet: Sheet, table: Table, book: Book, faults: list[Fault]
) -> Record | None:
    number, texts = row
    letters = {name: letter_of(index) for index, name in enumerate(head) if name}
    if len(texts) > len(head):
        letter = letter_of(len(head))
        faults.append(
            Fault(number, "", "There are more cells than columns", "Quote commas in text", sheet.name, letter)
        )
        return None
    cells = {name: bare(text) for name, text in zip(head, texts, strict=False) if name and text}
    named = cells.pop(PART, "")
    if named:
        found = book.table(named)
        if found is None:
            fix = f"One of {', '.join(each.name for each in book.tables)}"
            wrong = Invalid(f"There is no part “{named}”", fix=fix)
            faults.append(Fault(number, PART, wrong.message, fix, sheet.name, letters.get(PART, "")))
            return None
        table = found
    return _typed(Record(table.name, sheet.name, number, cells, {}, letters), table, sheet, faults)


def _typed(raw: Record, table: Table, sheet: Sheet, faults: list[Fault]) -> Record:
    values: dict[str, Any] = {}
    others: dict[str, str] = {}
    before = len(faults)
    for name, text in raw.values.items():
        column = table.column(name)
        if column is None and table.others and name.startswith(table.others):
            others[name.removeprefix(table.others)] = text
            continue
        try:
            values[name] = _value(text, column, table, sheet)
        except Invalid as error:
            faults.append(raw.fault(name, error))
    for column in table.columns:
        if column.needed and column.name not in raw.values:
            faults.append(raw.fault(column.name, Invalid("This is missing", fix=f"Fill it in: {column.kind.value}")))
    return Record(raw.table, raw.sheet, raw.row, values, others, raw.letters, len(faults) == before)


def _value(text: str, column: Column | None, table: Table, sheet: Sheet) -> Any:
    if column is None:
        raise Invalid(f"A row of {table.name} has nothing here", fix="Empty the cell")
    return value_of(text, column.kind, column.allowed, comma_decimals=sheet.comma_decimals)
