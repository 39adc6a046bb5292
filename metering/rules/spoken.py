"""Stretches of time and sizes as people say them: 420 ms, 4.2 s, 3 min, 12 kB. A picture may round; no amount is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from monetization.values.money import round_half_away

SPANS = (("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("days", 86_400_000))
BYTES = (("B", 1), ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000))


def milliseconds(span: timedelta) -> int:
    """Give a stretch of time in whole milliseconds."""
    return span // timedelta(milliseconds=1)


def unit_for(highest: int, units: Sequence[tuple[str, int]] = SPANS) -> tuple[str, int]:
    """Choose the unit in which a number reads well: the largest of which there is one (two, of days)."""
    fits = (each for each in reversed(units) if highest >= each[1] * (2 if each[0] == "days" else 1))
    return next(fits, units[0])


def spoken(number: int, units: Sequence[tuple[str, int]] = SPANS) -> str:
    """Say a stretch of milliseconds (or a size in bytes) with one decimal at most: 420 ms, 4.2 s, 3 min."""
    name, size = unit_for(number, units)
    value = round_half_away(Fraction(number, size), 1 if number < 10 * size else 0)
    return f"{value:f}".removesuffix(".0") + f" {name}"
