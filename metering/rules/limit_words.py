"""A limit as people type it: numbers, percentages, addresses and dimension values of a form."""

from __future__ import annotations

import re
from decimal import Decimal

from metering.rules.quotas import USUAL_HOLD
from monetization.values.errors import Invalid

NUMBER = re.compile(r"-?(\d{1,40}|\d{1,3}(,\d{3}){1,12})(\.\d{1,40})?")
GROUPING = str.maketrans({" ": "", "\u202f": "", "\u2212": "-"})


def most_in(text: str) -> Decimal:
    """Read how much a limit allows; thousands may be grouped (`1,5` is no number). Raises Invalid."""
    digits = text.strip().translate(GROUPING)
    if not digits:
        raise Invalid("How much is missing", field="most", fix="Write a number")
    if not NUMBER.fullmatch(digits):
        raise Invalid(f"“{text.strip()}” is not a number", field="most", fix="Write digits and one point: 1250.075")
    return Decimal(digits.replace(",", ""))


def words_in(text: str) -> list[str]:
    """Read words with spaces, commas or lines between."""
    return text.replace(",", " ").replace(";", " ").split()


def percentages_in(text: str) -> list[int]:
    """Read percentages such as `80 %, 100`. Raises Invalid."""
    words = words_in(text.replace("%", " "))
    if not all(each.isascii() and each.isdigit() and len(each) < 6 for each in words):
        raise Invalid("These are no percentages", field="thresholds", fix="Write them like 80, 100")
    return [int(each) for each in words]


def seconds_in(text: str) -> int:
    """Read how long a reservation holds; the usual time where nothing is said. Raises Invalid."""
    words = text.strip() or str(USUAL_HOLD)
    if not (words.isascii() and words.isdigit() and len(words) < 7):
        raise Invalid("This is no number of seconds", field="hold_seconds", fix="Write a whole number")
    return int(words)


def match_in(text: str) -> dict[str, str]:
    """Read `dimension=value` a line. Raises Invalid."""
    pairs = [line.partition("=") for line in text.replace(",", "\n").splitlines() if line.strip()]
    if not all(equals and key.strip() and value.strip() for key, equals, value in pairs):
        raise Invalid("Write each as dimension=value", field="match", fix="model=gpt-4o")
    return {key.strip(): value.strip() for key, _, value in pairs}
