"""Templates: the columns of each table with one example row, and a sheet that says what belongs where.

They are made from the very columns that the reader knows. A CSV has one table; where a kind has several, its rows say
in the column `part` which one they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from catalog.rules.files.cells import Kind
from catalog.rules.files.tables import GUIDE, PART, Book, Table
from catalog.rules.files.written import CSV, Page, as_csv, as_xlsx

NUMBERS = frozenset({Kind.NUMBER, Kind.PERCENT, Kind.WHOLE})
HEAD = ("table", "column", "needed", "what it holds", "allowed values", "what it means")
WIDE = 28
Cells = Mapping[str, str]


def template(book: Book, form: str) -> bytes:
    """Write the template of a kind, as `csv` or `xlsx`."""
    return written(book, {table.name: [example(table)] for table in book.tables}, form)


def written(book: Book, rows: Mapping[str, Sequence[Cells]], form: str) -> bytes:
    """Write rows of a kind's tables, each cell by the name of its column, as a file that can be read again."""
    if form == CSV:
        return as_csv(_flat(book, rows))
    pages = [page_of(table, rows.get(table.name, ())) for table in book.tables]
    return as_xlsx([*pages, guide(book)])


def example(table: Table) -> Cells:
    """Give the example row of a table."""
    shown = {column.name: column.example for column in table.columns if column.example}
    return shown | dict(table.example_others)


def page_of(table: Table, rows: Sequence[Cells]) -> Page:
    """Lay rows out below the table's columns; further columns are those that the rows name, in order."""
    others = dict.fromkeys(name for row in rows for name in row if name not in table.names)
    head = (*table.names, *others)
    lines = [tuple(row.get(name, "") for name in head) for row in rows]
    return Page(table.name, head, lines, _numbers([table]))


def guide(book: Book) -> Page:
    """Explain every column."""
    lines = [line for table in book.tables for line in _explained(table)]
    return Page(GUIDE, HEAD, lines, width=WIDE)


def _explained(table: Table) -> Iterator[tuple[str, ...]]:
    yield table.name, "", "", "", "", table.about
    for column in table.columns:
        needed = "needed" if column.needed else ""
        yield table.name, column.name, needed, column.kind.value, ", ".join(column.allowed), column.help
    if table.others:
        yield table.name, f"{table.others}…", "", Kind.TEXT.value, "", table.others_help


def _flat(book: Book, rows: Mapping[str, Sequence[Cells]]) -> Page:
    """Lay all tables into one, with the column `part` where there are several."""
    if len(book.tables) == 1:
        return page_of(book.main, rows.get(book.main.name, ()))
    names = dict.fromkeys(name for table in book.tables for name in table.names)
    others = dict.fromkeys(
        name for table in book.tables for row in rows.get(table.name, ()) for name in row if name not in table.names
    )
    head = (PART, *names, *others)
    lines = [
        tuple(table.name if name == PART else row.get(name, "") for name in head)
        for table in book.tables
        for row in rows.get(table.name, ())
    ]
    return Page(book.main.name, head, lines, _numbers(book.tables))


def _numbers(tables: Sequence[Table]) -> frozenset[str]:
    return frozenset(column.name for table in tables for column in table.columns if column.kind in NUMBERS)
