"""One canonical JSON for every value whose sameness matters, and its SHA-256.

Two bodies are the same if and only if their canonical texts are: keys sorted by code point, no
spaces, text escaped to ASCII and compared code point by code point (no Unicode normalisation),
numbers in one normal form, so that ``1``, ``1.0``, ``1e0`` agree and ``-0`` is ``0``, while ``"1"``
stays text. The result is itself JSON.

Number form: ``coefficient`` without trailing zeros × 10^exponent, written plainly (``0.00012``,
``1200``) while the exponent stays within ±40, otherwise ``12e78``. A hostile ``1e999999999`` thus
costs nothing.

Floats are refused: by the time one gets here the sender's digits are lost. Decode JSON with
``parse_float=Decimal`` (msgspec: ``float_hook=Decimal``).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from monetization.values.errors import Invalid

PLAIN_EXPONENT = 40
PLAIN_BITS = 130  # integers below about 10^39 need no other form than their own digits
DEPTH = 64


def canonical(value: Any) -> str:
    """Write a JSON value canonically; raises Invalid for floats, NaN, infinities, keys not text,
    deep nesting.
    """
    return _written(value, 0)


def digest(value: Any) -> bytes:
    """Give the SHA-256 (32 bytes) of the canonical form."""
    return sha256(_written(value, 0).encode("ascii")).digest()


def number_text(value: int | Decimal) -> str:
    """Write a number in its one normal form."""
    if isinstance(value, int) and value.bit_length() < PLAIN_BITS:
        return str(value)
    text = "" if isinstance(value, int) else str(value)
    if len(text) < PLAIN_EXPONENT and "." in text and "E" not in text:  # the usual decimal, quickly
        short = text.rstrip("0").rstrip(".")
        return "0" if short in ("0", "-0") else short
    sign, numerals, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise Invalid("NaN and infinity can't be compared", fix="Send a finite number")
    digits = "".join(map(str, numerals)).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return "0"
    return "-" * sign + _placed(kept, exponent + len(digits) - len(kept))


def _placed(digits: str, exponent: int) -> str:
    if not -PLAIN_EXPONENT <= exponent <= PLAIN_EXPONENT:
        return f"{digits}e{exponent}"
    if exponent >= 0:
        return digits + "0" * exponent
    padded = digits.rjust(1 - exponent, "0")
    return f"{padded[:exponent]}.{padded[exponent:]}"


def _written(value: Any, depth: int) -> str:
    writer = WRITERS.get(type(value), _refused)
    return writer(value, depth)


def _object(value: dict[str, Any], depth: int) -> str:
    inner = _deeper(depth)
    try:
        keys = sorted(value)
        items = [f"{quoted(key)}:{WRITERS.get(type(value[key]), _refused)(value[key], inner)}" for key in keys]
    except TypeError as error:
        raise Invalid("An object's keys must be text", fix="Write the keys as text") from error
    return "{" + ",".join(items) + "}"


def _array(value: list[Any] | tuple[Any, ...], depth: int) -> str:
    inner = _deeper(depth)
    return "[" + ",".join([_written(item, inner) for item in value]) + "]"


def _deeper(depth: int) -> int:
    if depth >= DEPTH:
        raise Invalid(f"Nested deeper than {DEPTH} levels", fix="Flatten it")
    return depth + 1


def _refused(value: Any, depth: int) -> str:
    raise Invalid(
        f"A {type(value).__name__} has no canonical form",
        fix="Use text, whole numbers, decimals, true, false, null, lists and objects",
    )


# By exact type, because a table is fast; callers turn enums and dates into text themselves.
WRITERS: dict[type, Callable[[Any, int], str]] = {
    str: lambda value, depth: quoted(value),
    int: lambda value, depth: number_text(value),
    Decimal: lambda value, depth: number_text(value),
    bool: lambda value, depth: "true" if value else "false",
    type(None): lambda value, depth: "null",
    dict: _object,
    list: _array,
    tuple: _array,
}
