"""Dates on one axis as geometry: which bar or mark stands where. A picture may round: it is not fit for billing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

WIDE = 1000


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that stands from a day to another one, the last included; None: open. ``address``: its page."""

    row: str
    label: str
    first: date
    last: date | None
    state: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A fact and its bar on an axis of 1000 units."""

    fact: Fact
    x: int
    width: int


def axis_of(facts: Iterable[Fact], today: date) -> tuple[date, date]:
    """Give the first and the last day of the axis: all that is known, and today."""
    known = [day for each in facts for day in (each.first, each.last) if day is not None] + [today]
    return min(known), max(known)


def placed(fact: Fact, axis: tuple[date, date]) -> Placed:
    """Put a fact on the axis; it is at least two units wide."""
    start, end = _x(fact.first, axis), WIDE if fact.last is None else _x(fact.last, axis)
    return Placed(fact, min(start, WIDE - 2), max(end - start, 2))


def _x(day: date, axis: tuple[date, date]) -> int:
    whole = max((axis[1] - axis[0]).days, 1)
    return WIDE * (day - axis[0]).days // whole


def today_at(today: date, axis: tuple[date, date]) -> int:
    """Give where today stands on the axis."""
    return _x(today, axis)
