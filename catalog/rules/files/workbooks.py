"""XLSX as sheets of text: what a cell holds, not how it is shown, and every number exactly as it was stored.

A number of a workbook is a double: its shortest decimal that is the same double is what somebody typed. A percentage
(0.18 shown as 18 %) is given as `18%`. A formula counts by the result that was saved with it; one without is a fault.
Sizes are those that the archive states: zipfile reads no more of a member than that, so no bomb goes off.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import repeat, zip_longest
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from catalog.rules.files.faults import Fault, Unreadable, letter_of
from catalog.rules.files.sheets import (
    MOST_COLUMNS,
    MOST_ROWS,
    MOST_SHEETS,
    Row,
    Sheet,
    guard_columns,
    guard_rows,
    trimmed,
)
from monetization.values.money import EXACT, plain

MOST_UNPACKED = 80 * 1024 * 1024
MOST_MEMBERS = 500
FARTHEST = 2 * MOST_ROWS  # rows that a workbook leaves out are read as empty ones
BESIDE = 10  # cells right of the head in which something left over is noticed
HUNDRED = Decimal(100)
BROKEN = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, IndexError,
    AttributeError, OSError, SyntaxError, NotImplementedError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip
FIX = "Save it again as XLSX, or as CSV UTF-8"


def sheets_in(content: bytes) -> list[Sheet]:
    """Read every visible sheet. Raises Unreadable."""
    try:
        _guard(content)
        values = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        written = load_workbook(io.BytesIO(content), read_only=True, keep_links=False) if _calculates(content) else None
        visible = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"]
        if len(visible) > MOST_SHEETS:
            raise Unreadable(f"There are more than {MOST_SHEETS} sheets", "Take the others out")
        return [_sheet(shown, written[shown.title] if written else None) for shown in visible]
    except Unreadable:
        raise
    except BROKEN as error:
        raise Unreadable("This workbook can't be read", FIX) from error


def _guard(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if len(members) > MOST_MEMBERS or sum(each.file_size for each in members) > MOST_UNPACKED:
        raise Unreadable("The workbook is too large when unpacked", "Keep only the sheets to import")
    if any(each.flag_bits & 1 for each in members):
        raise Unreadable("The workbook is locked with a password", "Save it without one")


def _calculates(content: bytes) -> bool:
    """Say whether any sheet may have a formula: then what was calculated is compared with what was written."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = (archive.read(each) for each in archive.namelist() if "/worksheets/" in each)
        return any(b"<f" in text or b":f" in text or b"\0" in text for text in sheets)


def _sheet(shown: Any, formulas: Any) -> Sheet:
    faults: list[Fault] = []
    rows = tuple(_rows(shown, formulas, faults))
    return Sheet(shown.title, rows, faults=tuple(faults))


def _rows(shown: Any, formulas: Any, faults: list[Fault]) -> Iterator[Row]:
    count, width = 0, _width(shown)
    lines = shown.iter_rows(max_col=width)
    others = formulas.iter_rows(max_col=width) if formulas is not None else repeat(())
    for number, (values, written) in enumerate(zip(lines, others, strict=False), 1):
        _guard_far(shown, number)
        cells = [_text(cell, formula) for cell, formula in zip_longest(values, written)]
        row = trimmed(tuple("" if text is None else text for text in cells))
        faults += [_uncounted(shown.title, number, index) for index, text in enumerate(cells) if text is None]
        if row:
            guard_columns(row, number)
            count += 1
            guard_rows(count)
            yield number, row


def _width(shown: Any) -> int:
    """Give how many cells of a row to look at: those of the head and some more. What a workbook says isn't trusted."""
    for number, cells in enumerate(shown.iter_rows(max_col=MOST_COLUMNS + 1), 1):
        _guard_far(shown, number)
        found = len(trimmed(tuple(_text(cell, None) or "" for cell in cells)))
        if found:
            return min(found + BESIDE, MOST_COLUMNS + 1)
    return 1


def _guard_far(shown: Any, number: int) -> None:
    if number > FARTHEST:
        raise Unreadable(f"The sheet “{shown.title}” goes on below row {FARTHEST:,}", "Delete its last rows")


def _uncounted(sheet: str, row: int, index: int) -> Fault:
    fix = "Write the value itself, or calculate and save the workbook again"
    return Fault(row, "", "This formula has no result", fix, sheet, letter_of(index))


def _text(cell: Any, formula: Any) -> str | None:
    """Give what a cell holds; None for a formula without a result."""
    value = cell.value
    if getattr(formula, "data_type", "") == "f" and (value is None or cell.data_type == "e"):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        return (value.date() if value.time() == time() else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return "" if value is None else str(value).strip()


def _number(value: Any, shown_as: str) -> str:
    number = Decimal(repr(value))
    if not number.is_finite():
        return str(value)
    return f"{plain(EXACT.multiply(number, HUNDRED))}%" if "%" in shown_as else plain(number)
