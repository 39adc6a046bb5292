"""CSV as spreadsheets save it: UTF-8 with or without a mark, UTF-16 with one; comma, semicolon or tab between cells.

What is guessed is only what the head line shows. A file in another encoding is refused rather than read wrongly: its
letters can't be told apart. Where semicolons part the cells, as in most of Europe, a decimal comma is understood.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from catalog.rules.files.faults import Unreadable
from catalog.rules.files.sheets import Row, Sheet, guard_columns, guard_rows, trimmed

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
DELIMITERS = (",", ";", "\t")
SAID = "sep="  # a first line by which Excel is told the delimiter


def sheet_in(content: bytes) -> Sheet:
    """Read a CSV file. Raises Unreadable."""
    text = _decoded(content)
    delimiter, said = _delimiter(text)
    rows = tuple(_rows(text, delimiter, said))
    return Sheet("", rows, comma_decimals=delimiter == ";")


def _decoded(content: bytes) -> str:
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("The file is not UTF-8", "Save it as “CSV UTF-8”, or as XLSX") from error
    if "\0" in text:
        raise Unreadable("This is not a text file", "Upload CSV or XLSX")
    return text


def _delimiter(text: str) -> tuple[str, bool]:
    """Give the delimiter, and whether the first line says it rather than names columns."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    if head.casefold().startswith(SAID) and head[len(SAID) :] in DELIMITERS:
        return head[len(SAID) :], True
    return max(DELIMITERS, key=lambda each: _parts(head, each)), False


def _parts(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), ()))
    except csv.Error:
        return 0


def _rows(text: str, delimiter: str, said: bool) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number, count = 1, 0
    try:
        for cells in reader:
            row = trimmed(tuple(cell.strip() for cell in cells))
            if row and not (said and not count):
                guard_columns(row, number)
                yield number, row
            count += bool(row)
            guard_rows(count)
            number = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(f"Row {number} can't be read: {error}", "Close every quotation mark") from error
