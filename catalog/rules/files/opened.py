"""A file opened by what it is, not by what it is called."""

from __future__ import annotations

from catalog.rules.files import texts, workbooks
from catalog.rules.files.faults import Unreadable
from catalog.rules.files.sheets import OLD_EXCEL, ZIP, Sheet, guard_rows, guard_size


def sheets_in(content: bytes) -> list[Sheet]:
    """Read a CSV or XLSX file as sheets with at least a head; the others are left out. Raises Unreadable."""
    guard_size(content)
    if content.startswith(OLD_EXCEL):
        raise Unreadable("This is a workbook of the old kind, or one with a password", "Save it as XLSX")
    found = workbooks.sheets_in(content) if content.startswith(ZIP) else [texts.sheet_in(content)]
    guard_rows(sum(len(sheet.rows) for sheet in found))
    filled = [sheet for sheet in found if sheet.rows]
    if not filled:
        raise Unreadable("The file is empty", "Download the template and fill it in")
    return filled
