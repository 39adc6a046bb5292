"""What is wrong with a file, each with the cell that it stands in."""

from __future__ import annotations

from dataclasses import dataclass

from monetization.values.errors import DomainError, Invalid

LETTERS = 26


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal of a cell; without a column of the row, without a row (0) of the whole file or sheet."""

    row: int
    column: str
    message: str
    fix: str = ""
    sheet: str = ""
    letter: str = ""

    @property
    def cell(self) -> str:
        """Give the cell as spreadsheets name it: `C7`."""
        return f"{self.letter}{self.row}" if self.letter and self.row else ""

    @property
    def place(self) -> str:
        """Say where it is, in words: `prices, row 7, unit_price (C7)`."""
        row = f"row {self.row}" if self.row else ""
        cell = f"{self.column} ({self.cell})" if self.column and self.cell else self.column
        return ", ".join(part for part in (self.sheet, row, cell) if part)

    @property
    def error(self) -> Invalid:
        """Give it as every other refusal."""
        return Invalid(self.message, field=self.place or "file", fix=self.fix or None)


class Unreadable(Invalid):
    """Nothing of the file can be read."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message, field="file", fix=fix)


def of_file(error: DomainError) -> Fault:
    """Make the fault of a file as a whole."""
    return Fault(0, "", error.message, error.fix or "")


def letter_of(index: int) -> str:
    """Name a column by its place (0 is the first) as spreadsheets do: A … Z, AA …"""
    name = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, LETTERS)
        name = chr(ord("A") + rest) + name
    return name
