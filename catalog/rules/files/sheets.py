"""A file as sheets of text, whatever it was: a CSV is one sheet without a name.

What is larger than these bounds is refused before it is unpacked or read further, so a hostile file costs little.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.rules.files.faults import Fault, Unreadable

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100
MOST_SHEETS = 20
MOST_LETTERS = 2_000
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
Row = tuple[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of text, each with its number in the file; the first is the head. `comma_decimals`: 0,25 is a quarter."""

    name: str
    rows: tuple[Row, ...]
    comma_decimals: bool = False
    faults: tuple[Fault, ...] = ()


def guard_size(content: bytes) -> None:
    """Refuse a file that is empty or too large. Raises Unreadable."""
    if not content.strip():
        raise Unreadable("The file is empty", "Download the template and fill it in")
    if len(content) > MOST_BYTES:
        raise Unreadable(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB", "Split it into several")


def guard_rows(count: int, most: int = MOST_ROWS) -> None:
    """Refuse more rows than one file may have. Raises Unreadable."""
    if count > most:
        raise Unreadable(f"There are more than {most:,} rows", "Split the file into several")


def guard_columns(cells: tuple[str, ...], row: int) -> None:
    """Refuse a row that is too wide or holds a whole book. Raises Unreadable."""
    if len(cells) > MOST_COLUMNS:
        raise Unreadable(f"Row {row} has more than {MOST_COLUMNS} cells", "Take columns away")
    if any(len(cell) > MOST_LETTERS for cell in cells):
        raise Unreadable(f"Row {row} has a cell of more than {MOST_LETTERS:,} letters", "Shorten it")


def trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out empty cells at the end of a row."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]
