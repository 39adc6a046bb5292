"""Events as somebody pastes them: a JSON array, one object, or one a line; numbers exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from monetization.values.errors import Invalid

MOST_EVENTS, MOST_LETTERS = 1_000, 1_000_000
UNDECODABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def pasted(text: str) -> list[Any]:
    """Read the events of a text: decoded values, `Invalid` for a line that is none.

    Raises Invalid where nothing can be read, or there are too many.
    """
    if len(text) > MOST_LETTERS:
        raise Invalid("That is too much text", field="events", fix=f"Paste at most {MOST_LETTERS:,} letters")
    found = _items(text.strip())
    if len(found) > MOST_EVENTS:
        raise Invalid("These are too many events", field="events", fix=f"Paste at most {MOST_EVENTS:,}")
    return found


def _items(text: str) -> list[Any]:
    if not text:
        return []
    try:
        value = _decoder.decode(text)
    except UNDECODABLE as error:
        if text.startswith("["):
            raise Invalid(f"It is not JSON: {_words(error)}", field="events", fix="Mend it") from error
        return [_line(line) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]


def _line(text: str) -> Any:
    try:
        return _decoder.decode(text)
    except UNDECODABLE as error:
        return Invalid(f"It is not JSON: {_words(error)}", field="event", fix="Write one event a line")


def _words(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
