"""What each kind of file is read by, who may import it, and how it is compared and carried out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.actions.imports import contract_drafts, contracts, prices
from catalog.actions.imports.looked import Looked, Looking
from catalog.models import Import
from catalog.rules.files.contract_columns import CONTRACT_BOOK
from catalog.rules.files.faults import Unreadable, of_file
from catalog.rules.files.opened import sheets_in
from catalog.rules.files.own_columns import OWN_BOOK
from catalog.rules.files.previews import Preview
from catalog.rules.files.price_columns import PRICE_BOOK
from catalog.rules.files.records import Record, records_in
from catalog.rules.files.sheets import MOST_ROWS, guard_rows
from catalog.rules.files.tables import Book
from monetization.foundation.models import User

MOST_OF_CONTRACTS = 3_000  # drafted one by one by their own actions: as many as one task has time for


@dataclass(frozen=True, slots=True)
class Kind:
    """The parts of a kind."""

    book: Book
    guard: Callable[[Import, User], None]
    lock: Callable[[Import], None]
    look: Callable[[Looking, Sequence[Record]], Looked]
    carry_out: Callable[[Looking, Looked, str], None]
    most_rows: int = MOST_ROWS


KINDS: Mapping[str, Kind] = {
    "RATE_CARD": Kind(PRICE_BOOK, prices.guard, prices.lock, prices.look, prices.carry_out),
    "OVERRIDES": Kind(
        OWN_BOOK, contracts.guard, contracts.lock, contracts.look, contract_drafts.carry_out, MOST_OF_CONTRACTS
    ),
    "CONTRACTS": Kind(
        CONTRACT_BOOK, contracts.guard, contracts.lock, contracts.look, contract_drafts.carry_out, MOST_OF_CONTRACTS
    ),
}


def book_of(kind: str) -> Book:
    """Give the tables of a kind."""
    return KINDS[kind].book


def look(looking: Looking) -> tuple[Looked, int]:
    """Read a file and compare it; nothing is written. Gives the number of its rows too."""
    kind = KINDS[looking.imported.kind]
    try:
        sheets = sheets_in(bytes(looking.imported.content))
        guard_rows(sum(len(sheet.rows) - 1 for sheet in sheets), kind.most_rows)
        read = records_in(sheets, kind.book)
    except Unreadable as error:
        return Looked(Preview(faults=(of_file(error),))), 0
    looked = kind.look(looking, read.records)
    faults = tuple(sorted((*read.faults, *looked.preview.faults), key=lambda fault: (fault.sheet, fault.row)))
    return replace(looked, preview=replace(looked.preview, faults=faults)), len(read.records)
