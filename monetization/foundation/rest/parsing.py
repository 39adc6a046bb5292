"""JSON as it was sent: decimals keep their digits, nothing that JSON doesn't know, no field twice, a limit in size."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from monetization.foundation.rest.problems import Problem

MOST_BYTES = 4 * 1024 * 1024


class Json(BaseParser):
    """Read a request's body; every number with a point becomes a Decimal."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value. Raises ParseError (400), Problem 413 for more than 4 MB."""
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise Problem(413, "The body is larger than 4 MB", fix="Send it in parts")
        return loads(raw)


def loads(raw: bytes) -> Any:
    """Read JSON text strictly. Raises ParseError."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} can't be read") from error
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The body is not JSON: {_words(error)}") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number of JSON")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in {k for k, _ in pairs[:index]})
        raise ValueError(f"“{twice}” is there twice")
    return found


def _words(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
