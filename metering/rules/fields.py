"""Reading an event's fields: as exact quantities, as dimension values, or with the reason why not.

Quantities are exact decimals within numeric(38, 18): less than 10^20, at most 18 decimal places. Numbers may come
as JSON numbers or as decimal text; booleans, floats, NaN and infinities are refused, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.rules.terms import Dimension
from catalog.rules.thresholds import label_of
from monetization.values.canonical import number_text
from monetization.values.errors import Invalid

_NUMBER = re.compile(r"-?[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
INTEGER_DIGITS, DECIMAL_PLACES = 20, 18
SMALLEST_TOO_LARGE = 10**INTEGER_DIGITS
TEXT_LIMIT = 200
ZERO = Decimal(0)
ABSENT: Any = object()


class Missing(Invalid):
    """The event lacks a field that the metric needs."""

    code = "missing_field"


class Unreadable(Invalid):
    """A field holds something that is not a quantity, or not a dimension value."""

    code = "invalid_field"


class TooLarge(Unreadable):
    """A number outside numeric(38, 18)."""

    code = "too_large"


def quantity(value: Any, field: str) -> Decimal:
    """Read a number that numeric(38, 18) holds exactly, from an int, a Decimal or decimal text."""
    if type(value) is int and -SMALLEST_TOO_LARGE < value < SMALLEST_TOO_LARGE:  # by far the most frequent
        return Decimal(value)
    number = number_in(value)
    if number is None or not number.is_finite():
        raise Unreadable(f"{field} is not a number", field=f"data.{field}", fix="Send a number, or decimal text")
    if not number:
        return ZERO
    if number.adjusted() >= INTEGER_DIGITS:
        raise TooLarge(f"{field} is too large", field=f"data.{field}", fix="Keep it below 10^20")
    _, digits, exponent = number.as_tuple()
    if -int(exponent) > DECIMAL_PLACES and any(digits[DECIMAL_PLACES + int(exponent) :]):
        raise TooLarge(f"{field} has too many decimal places", field=f"data.{field}", fix="Send at most 18")
    return number


def value_of(dimension: Dimension, data: Mapping[str, Any]) -> str:
    """Read a dimension's value: the field as text, or the label of its number's range."""
    found = field_of(data, dimension.field)
    if found is ABSENT:
        if dimension.required:
            raise missing(dimension.field)
        return ""
    if dimension.thresholds:
        return label_of(quantity(found, dimension.field), dimension.thresholds)
    return text_value(found, dimension.field, "a dimension value")


def field_of(data: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path (``usage.input_tokens``); ABSENT where it leads nowhere or to null.

    A key that holds the dots itself wins over nesting.
    """
    found = data.get(path, ABSENT)
    if found is ABSENT and "." in path:
        found = data
        for key in path.split("."):
            found = found.get(key, ABSENT) if isinstance(found, Mapping) else ABSENT
    return ABSENT if found is None else found


def number_in(value: Any) -> Decimal | None:
    """Read a number from an int, a Decimal or decimal text, NaN and infinities too; None from anything else."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def text_value(value: Any, field: str, what: str = "a value to tell apart") -> str:
    """Read a scalar as text of at most 200 characters. Raises Unreadable."""
    text = text_of(value)
    if text is None or "\x00" in text or len(text) > TEXT_LIMIT:
        raise Unreadable(
            f"{field} can't be used as {what}",
            field=f"data.{field}",
            fix=f"Send a text of at most {TEXT_LIMIT} characters, a number, or true or false",
        )
    return text


def text_of(value: Any) -> str | None:
    """Write a scalar as text, numbers in their shortest form so that 1 and 1.0 are one value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return number_text(value) if Decimal(value).is_finite() else None
    return None


def missing(field: str) -> Missing:
    """Make the refusal of an event without this field."""
    return Missing(f"{field} is missing", field=f"data.{field}", fix=f"Send data.{field}")
