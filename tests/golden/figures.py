"""Figures beside those of a case: which of ours its keys mean, and whether they are the same to the last digit."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from tests.golden.answers import Money, Unanswered
from tests.golden.members import Body, Unknown, rounded

PLACES = re.compile(r"_(\d+)dp$")
NUMBER = re.compile(r"-?\d+(\.\d+)?$")
FLOAT_DIGITS = 15
UNANSWERED = "not answered:"


class Scale:
    """What a case's numbers are written in: minor units by the key; exact where it rounds nothing."""

    def __init__(self, unit: Fraction, exact: bool) -> None:
        self.unit = unit
        self.exact = exact


def differences(expected: Body, found: Body, scale: Scale, path: str = "") -> list[str]:
    """Say where the figures of a case and ours differ; nothing said is the same."""
    said = []
    for key, wanted in expected.items():
        try:
            said += _differs(wanted, _figure(found, key), key, scale, f"{path}{key}")
        except Unanswered as missing:
            said.append(f"{path}{key}: {UNANSWERED} {missing}")
    return said


def only_unanswered(said: list[str]) -> bool:
    """Whether nothing differs but what wasn't answered."""
    return all(UNANSWERED in one for one in said)


def base_of(key: str) -> str:
    """The name of a figure without its unit, its digits and how exact it is."""
    return PLACES.sub("", key).removeprefix("precise_").removesuffix("_cents")


def _figure(found: Body, key: str) -> Any:
    name = key if key in found else base_of(key)
    if name not in found:
        raise Unknown(f"no figure {key}; there are {', '.join(sorted(found))}")
    figure = found[name]
    return figure() if callable(figure) else figure


def _differs(wanted: Any, figure: Any, key: str, scale: Scale, path: str) -> list[str]:
    if isinstance(wanted, dict):
        return differences(wanted, figure, scale, f"{path}.")
    if isinstance(wanted, list):
        if len(wanted) != len(figure):
            return [f"{path}: {len(wanted)} expected, {len(figure)} found"]
        pairs = enumerate(zip(wanted, figure, strict=True))
        return [said for index, (one, ours) in pairs for said in _differs(one, ours, key, scale, f"{path}[{index}]")]
    ours = figure if isinstance(figure, str) else _written(figure, key, str(wanted), scale)
    alike = ours == wanted if isinstance(ours, str) else bool(NUMBER.match(str(wanted))) and ours == Fraction(wanted)
    return [] if alike else [f"{path}: {wanted} expected, {ours} found"]


def _written(figure: Money | Fraction | int, key: str, wanted: str, scale: Scale) -> Fraction:
    """Write a figure as the case does: in its unit, with its digits."""
    value = _amount(figure, key, wanted, scale) if isinstance(figure, Money) else Fraction(figure)
    if isinstance(figure, Money) and "_cents" in key:
        value /= scale.unit
    if places := PLACES.search(key):
        return rounded(value, int(places[1]))
    if _ends(value):
        return value
    if len(wanted.lstrip("-0.").replace(".", "")) >= FLOAT_DIGITS and _alike(value, Fraction(wanted)):
        # Their number is a binary one that was printed: no more of its digits are sure.
        return Fraction(wanted)
    return rounded(value, len(wanted.partition(".")[2]))


def _amount(figure: Money, key: str, wanted: str, scale: Scale) -> Fraction:
    """Exact where the key says so, or the case rounds nothing, or it shows more digits than the currency has."""
    decimals = len(wanted.partition(".")[2])
    finer = "_cents" not in key and (scale.exact or Fraction(1, 10**decimals) < scale.unit)
    return figure.exact if finer or key.startswith("precise_") or PLACES.search(key) else figure.printed


def _alike(ours: Fraction, theirs: Fraction) -> bool:
    return abs(ours - theirs) <= abs(theirs) * Fraction(5, 10**FLOAT_DIGITS)


def _ends(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
