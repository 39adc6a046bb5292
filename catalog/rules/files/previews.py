"""What an import would change, line by line, and what is wrong with it; both with the rows that say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.rules.diff import Change, percent_change
from catalog.rules.files.faults import Fault
from catalog.rules.tariffs import Tariff
from catalog.rules.written import said_of
from monetization.values.canonical import digest
from monetization.values.money import plain


@dataclass(frozen=True, slots=True)
class Line:
    """What happens to a price, or to a field of a contract: `what` (empty: all of it) was `old` and becomes `new`."""

    change: Change
    key: str
    subject: str
    what: str = ""
    old: str = ""
    new: str = ""
    percent: Decimal | None = None
    row: int = 0
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """All lines and all faults; `basis` says what the file was compared with, where lines can't say it in full."""

    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()
    basis: str = ""

    @property
    def digest(self) -> bytes:
        """Give what an apply must find again: the SHA-256 of the basis and every line."""
        lines = [[each.change.value, each.key, each.subject, each.what, each.old, each.new] for each in self.lines]
        return digest([self.basis, lines])

    def count(self, change: Change) -> int:
        """Count the prices, contracts or parts to which this happens; several lines may be about one."""
        return len({(line.key, line.subject) for line in self.lines if line.change is change})


def cell_of(value: Any) -> str:
    """Write a value as its cell, in the way that reading it gives the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Tariff):
        return tariff_cell(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {text}" for key, text in sorted(value.items()))
    if isinstance(value, tuple | list):
        return ", ".join(": ".join(map(cell_of, each)) if isinstance(each, tuple) else cell_of(each) for each in value)
    return str(value)


def tariff_cell(tariff: Tariff) -> str:
    """Say all numbers of a tariff; two that differ are never said alike."""
    said = said_of(tariff)
    tiers = said.pop("tiers")
    parts = [said, *tiers]
    words = [
        " ".join(f"{name} {cell_of(value)}" for name, value in part.items() if value is not None and name != "model")
        for part in parts
    ]
    return f"{tariff.model.label}: " + "; ".join(each for each in words if each)


def percent_of(old: str, new: str) -> Decimal | None:
    """Give the change of two cells in percent; None where they are no numbers."""
    return percent_change(_number(old), _number(new))


def _number(text: str) -> Decimal | None:
    bare = text.removeprefix("-").replace(".", "", 1)
    return Decimal(text) if bare.isascii() and bare.isdigit() else None
