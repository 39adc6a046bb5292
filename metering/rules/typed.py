"""Events pasted or uploaded as text: a JSON array, JSON lines, or CSV with a head."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from metering.rules.rows import RowMap, cells
from monetization.values.errors import Invalid


def events_in(text: str, *, account: str = "", type: str = "") -> list[Any]:
    """Read events; `Invalid` in the place of a line that can't be read. Account and type fill what a row leaves out."""
    text = text.strip().removeprefix("\ufeff")
    if not text:
        return []
    filled = RowMap(account=account, type=type)
    found = _array(text) if text.startswith("[") else _lines(text) if text.startswith("{") else _csv(text, filled)
    return [_filled(each, account, type) for each in found]


def exact_json(text: str) -> Any:
    """Decode JSON with exact numbers. Raises Invalid."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"It is not JSON: {error}", field="event", fix="Send valid JSON") from error


def _array(text: str) -> list[Any]:
    found = exact_json(text)
    return found if isinstance(found, list) else [found]


def _lines(text: str) -> Iterator[Any]:
    for line in text.splitlines():
        if line.strip():
            try:
                yield exact_json(line)
            except Invalid as error:
                yield error


def _csv(text: str, filled: RowMap) -> Iterator[Any]:
    for number, row in enumerate(csv.DictReader(StringIO(text)), start=1):
        known = {name: value for name, value in row.items() if isinstance(name, str) and isinstance(value, str)}
        yield filled.event(cells(known), number)


def _filled(event: Any, account: str, type: str) -> Any:
    if not isinstance(event, dict) or "specversion" in event:
        return event
    named = {"subject", "account", "customer"} & event.keys()
    given = ({} if named or not account else {"subject": account}) | ({"type": type} if type else {})
    return given | event


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a number of JSON")
