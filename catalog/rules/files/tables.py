"""The tables that a file may have, as data: readers, templates and exports all work from these columns."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.rules.files.cells import Kind


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, whether a row can do without, and what people are told about it."""

    name: str
    kind: Kind
    help: str
    needed: bool = False
    allowed: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of a workbook, or the rows of a CSV that say so in the column `part`.

    `others`: how the names of further columns begin (`match.region`); empty where there are none.
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    others: str = ""
    others_help: str = ""
    example_others: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column's name, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """Find a column; None for another one."""
        return next((each for each in self.columns if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Book:
    """All tables of a kind of file; the first is the main one."""

    tables: tuple[Table, ...]

    @property
    def main(self) -> Table:
        """The table of a file that names none."""
        return self.tables[0]

    def table(self, name: str) -> Table | None:
        """Find a table by its name; None for another one."""
        return next((each for each in self.tables if each.name == name.strip().casefold()), None)


PART = "part"
GUIDE = "guide"
