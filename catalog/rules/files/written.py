"""Sheets written as files: CSV with a mark by which Excel knows UTF-8, XLSX with every cell as text or an exact number.

Text that a spreadsheet would take for a formula is quoted; reading takes the quote off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from monetization.foundation.rules.cells import safe

CSV, XLSX = "csv", "xlsx"
MEDIA = {
    CSV: "text/csv; charset=utf-8",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
EXACT_DIGITS = 15  # what a double keeps of any decimal
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet to be written: its name, its head, its rows of text; `numbers` are the columns that hold numbers."""

    name: str
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]] = ()
    numbers: frozenset[str] = field(default_factory=frozenset)
    width: int = 16


def as_csv(page: Page) -> bytes:
    """Write one sheet as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(page.head)
    for row in page.rows:
        writer.writerow([cell if name in page.numbers else safe(cell) for name, cell in _cells(page, row)])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(pages: Iterable[Page]) -> bytes:
    """Write sheets as a workbook."""
    book = Workbook(write_only=True)
    for page in pages:
        sheet = book.create_sheet(page.name)
        sheet.freeze_panes = "A2"
        for index in range(len(page.head)):
            sheet.column_dimensions[get_column_letter(index + 1)].width = page.width
        sheet.append([_cell(sheet, name, bold=True) for name in page.head])
        for row in page.rows:
            sheet.append([_value(sheet, cell, name in page.numbers) for name, cell in _cells(page, row)])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cells(page: Page, row: Sequence[str]) -> Iterable[tuple[str, str]]:
    return zip(page.head, row, strict=True)


def _value(sheet: Any, text: str, is_number: bool) -> Any:
    """Write a number as one where a double keeps it, else as text: reading gives the same either way."""
    digits = text.replace(".", "").lstrip("-0")
    if is_number and NUMBER.fullmatch(text) and len(digits) <= EXACT_DIGITS:
        return Decimal(text)
    return _cell(sheet, text if is_number else safe(text)) if text else None


def _cell(sheet: Any, text: str, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # also where it begins like a formula
    if bold:
        cell.font = Font(bold=True)
    return cell
