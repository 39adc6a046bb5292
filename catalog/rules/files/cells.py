"""Cells read by what their column means: numbers exactly, days as 2026-10-31, choices by their words.

What could be read in two ways is refused: 1.000 where commas are decimal marks is a thousand to some and one to
others, 7.50E-08 has lost digits already, 01/02/2026 is two days.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monetization.values.errors import Invalid
from monetization.values.money import minor_digits

NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,40})?")
GROUPED = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


class Kind(StrEnum):
    """What a column holds; the value is how the template says it."""

    TEXT = "text"
    KEY = "a key"
    KEYS = "keys, separated by commas"
    NUMBER = "a number, such as 0.25"
    PERCENT = "percent, such as 18 or 18%"
    WHOLE = "a whole number"
    DAY = "a day, such as 2026-10-31"
    CURRENCY = "a currency, such as EUR"
    WORDS = "words, separated by commas"
    CHOICE = "one of the allowed values"
    YES_NO = "yes or no"
    QUANTITIES = "days with quantities: 2027-01-01: 12, 2027-04-01: 15"


def value_of(text: str, kind: Kind, allowed: tuple[str, ...] = (), *, comma_decimals: bool = False) -> Any:
    """Read a cell that isn't empty. Raises Invalid with what mends it."""
    if kind is Kind.CHOICE:
        return _choice(text, allowed)
    if kind in (Kind.NUMBER, Kind.PERCENT):
        bare = text[:-1].rstrip() if kind is Kind.PERCENT and text.endswith("%") else text
        return number_in(bare, comma_decimals)
    return READERS[kind](text)


def number_in(text: str, comma_decimals: bool = False) -> Decimal:
    """Read a number exactly as it is written. Raises Invalid."""
    digits = text.replace("−", "-")
    if comma_decimals and GROUPED.fullmatch(digits):
        fix = f"Write {re.sub('[.,]', '', digits)}, or one more zero after the decimal mark"
        raise Invalid(f"“{text}” may be thousands or decimals", fix=fix)
    if comma_decimals and "." not in digits:
        digits = digits.replace(",", ".")
    if not NUMBER.fullmatch(digits):
        lost = re.fullmatch(r"-?[0-9.,]+[eE][-+]?[0-9]+", digits)
        fix = "Show the column with all its decimals before saving" if lost else "Write digits and one point: 1250.075"
        raise Invalid(f"“{text}” is not a number", fix=fix)
    return Decimal(digits)


def _choice(text: str, allowed: tuple[str, ...]) -> str:
    word = text.casefold().replace(" ", "_").replace("-", "_")
    found = next((each for each in allowed if each.casefold() == word), None)
    if found is None:
        raise Invalid(f"“{text}” is not a value of this column", fix=f"One of {', '.join(allowed)}")
    return found


def _key(text: str) -> str:
    if not KEY.fullmatch(text):
        raise Invalid(f"“{text}” is not a key", fix="1–63 lower-case letters, digits, dots, hyphens, underscores")
    return text


def _keys(text: str) -> tuple[str, ...]:
    return tuple(_key(part.strip()) for part in text.split(",") if part.strip())


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise Invalid(f"“{text}” is not a whole number here", fix="Write digits, such as 30")
    return int(text)


def _day(text: str) -> date:
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"“{text}” is not a day", fix="Write it like 2026-10-31") from error


def _currency(text: str) -> str:
    minor_digits(text.upper())
    return text.upper()


def _yes_no(text: str) -> bool:
    word = text.casefold()
    if word not in YES + NO:
        raise Invalid(f"“{text}” is neither yes nor no", fix="Write yes or no")
    return word in YES


def _quantities(text: str) -> tuple[tuple[date, Decimal], ...]:
    found = []
    for part in text.split(","):
        day, colon, number = part.partition(":")
        if not colon:
            raise Invalid(f"“{part.strip()}” is no day and quantity", fix="Write it like 2027-01-01: 12")
        found.append((_day(day.strip()), number_in(number.strip())))
    return tuple(found)


READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.KEY: _key,
    Kind.KEYS: _keys,
    Kind.WORDS: _words,
    Kind.WHOLE: _whole,
    Kind.DAY: _day,
    Kind.CURRENCY: _currency,
    Kind.YES_NO: _yes_no,
    Kind.QUANTITIES: _quantities,
}
