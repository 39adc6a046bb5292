"""Rows of a file as events: which column is which part of the envelope, the others are data.

A CSV holds only text: what reads as a JSON number becomes an exact number, an empty cell is left out, everything
else stays text (`007` too). A time without an offset is UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from monetization.values.errors import Invalid

ENVELOPE = ("id", "source", "type", "subject", "time")
NAMES = {"account": "subject", "customer": "subject"}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
OFFSET = re.compile(r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$", re.ASCII)


@dataclass(frozen=True, slots=True)
class RowMap:
    """How a file's rows become events.

    ``columns``: event field → column (all other columns are left out); empty: every column under its own name.
    ``constants`` go into data; ``account`` and ``type`` fill what a row doesn't say. ``ids`` is the file's name
    where ids are made of it and the row's number.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    account: str = ""
    type: str = ""
    source: str = ""
    ids: str = ""

    def event(self, row: Mapping[str, Any], number: int) -> dict[str, Any]:
        """Make the event of row ``number`` (from 1). Raises Invalid for a column that the file lacks."""
        fields = self._mapped(row) if self.columns else dict(row)
        fields = {NAMES.get(name, name): value for name, value in fields.items()}
        nested = fields.pop("data", None)
        envelope = {name: fields.pop(name) for name in ENVELOPE if fields.get(name) not in (None, "")}
        data = (nested if isinstance(nested, dict) else {}) | {k: v for k, v in fields.items() if v != ""}
        given = {"subject": self.account, "type": self.type, "source": self.source}
        filled = {name: value for name, value in given.items() if value and name not in envelope}
        event = envelope | filled | {"data": data | dict(self.constants)}
        if self.ids:
            event["id"] = f"{self.ids}:{number}"
        if isinstance(event.get("time"), str):
            event["time"] = in_utc(event["time"])
        return event

    def _mapped(self, row: Mapping[str, Any]) -> dict[str, Any]:
        missing = sorted(column for column in self.columns.values() if column not in row)
        if missing:
            raise Invalid(f"There is no column “{missing[0]}”", field="map", fix=f"Use: {', '.join(map(str, row))}")
        return {name: row[column] for name, column in self.columns.items()}


def cells(row: Mapping[str, Any]) -> dict[str, Any]:
    """Read a CSV row's texts: numbers exactly, but never those of the envelope."""
    return {name: value if name in ENVELOPE or name in NAMES else cell(value) for name, value in row.items()}


def cell(text: str | None) -> Any:
    """Read one cell: an int or Decimal where it is written like a JSON number."""
    if text is None or not NUMBER.fullmatch(text):
        return text or ""
    return Decimal(text) if any(mark in text for mark in ".eE") else int(text)


def in_utc(text: str) -> str:
    """Give a time that has no offset the one of UTC."""
    return text if OFFSET.search(text.strip()) else f"{text.strip()}Z"


def pairs(text: str) -> dict[str, str]:
    """Read ``name=value,name=value``. Raises Invalid."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, sign, value = part.partition("=")
        if not (sign and name.strip() and value.strip()):
            raise Invalid(f"“{part}” is not name=value", field="map", fix="Write time=TIMESTAMP,tokens=Tokens")
        found[name.strip()] = value.strip()
    return found
