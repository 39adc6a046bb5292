"""Bar charts as geometry: which rectangle stands where. Drawn as SVG by `templates/portal/parts/chart.html`.

The drawing is 1000 units wide and 1000 high and is stretched to its place; words stand beside it as HTML, so
that they keep their size on a phone. Bars start at a zero baseline. A picture may round, so all is whole
numbers: nothing here is fit for billing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

SIDE = 1000
MOST_SERIES = 4
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on the axis, such as a day, with one value for each series (stacked in this order)."""

    label: str
    title: str
    values: tuple[Decimal, ...]
    is_today: bool = False
    is_ahead: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `y` counts from the top."""

    series: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """All bars of one slot, between `x` and `x + width`."""

    slot: Slot
    x: int
    width: int
    left: int
    pitch: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart at a round value."""

    value: Decimal
    y: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready to be drawn.

    `level` is the height of a level line, `line` the points (x, y) of a comparison line, if there is one.
    """

    series: tuple[str, ...]
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    level: int | None = None
    line: tuple[tuple[int, int], ...] = ()


def bars(
    series: Sequence[str], slots: Sequence[Slot], level: Decimal | None = None, line: Sequence[Decimal] = ()
) -> Chart:
    """Stack each slot's values from zero; values below zero are drawn as nothing (the table shows them).

    `line` has a value for each slot from the first on, to compare with.
    """
    highest = max((_height(slot) for slot in slots), default=Decimal(0))
    ticks = scale(max(highest, level or Decimal(0), *line[: len(slots)]))
    top = ticks[-1]
    columns = tuple(_column(slot, index, len(slots), top) for index, slot in enumerate(slots))
    at = None if level is None else SIDE - _units(level, top)
    points = tuple(
        (each.left + each.pitch // 2, SIDE - _units(value, top)) for each, value in zip(columns, line, strict=False)
    )
    return Chart(tuple(series), columns, tuple(Tick(each, SIDE - _units(each, top)) for each in ticks), at, points)


def scale(highest: Decimal) -> list[Decimal]:
    """Give round values from 0 to at least the highest, in two to five even steps."""
    if highest <= 0:
        return [Decimal(0), Decimal(1)]
    power = Decimal(1).scaleb((highest / 4).adjusted())
    step = next(each * power for each in STEPS if each * power * 4 >= highest)
    count = ceil(Fraction(highest) / Fraction(step))
    return [step * index for index in range(count + 1)]


def fold(totals: Sequence[tuple[str, Decimal]], most: int = MOST_SERIES) -> list[str]:
    """Choose the series to show: the largest by total; when there are more than `most`, the rest is `Other`."""
    ranked = [name for name, _ in sorted(totals, key=lambda each: (-each[1], each[0]))]
    return ranked if len(ranked) <= most else [*ranked[: most - 1], OTHER]


def _column(slot: Slot, index: int, count: int, top: Decimal) -> Column:
    left, right = SIDE * index // count, SIDE * (index + 1) // count
    gap = (right - left) * 22 // 100 // 2
    return Column(slot, left + gap, right - left - 2 * gap, left, right - left, tuple(_stack(slot.values, top)))


def _stack(values: Sequence[Decimal], top: Decimal) -> list[Bar]:
    stacked, base, reached = [], Decimal(0), 0
    for series, value in enumerate(values):
        base += max(value, Decimal(0))
        height = _units(base, top) - reached
        reached += height
        if height:
            stacked.append(Bar(series, SIDE - reached, height))
    return stacked


def _height(slot: Slot) -> Decimal:
    return sum((max(value, Decimal(0)) for value in slot.values), Decimal(0))


def _units(value: Decimal, top: Decimal) -> int:
    """Round to whole units of the drawing; anything above zero is at least visible."""
    units = round(Fraction(value) * SIDE / Fraction(top))
    return max(units, 3) if value > 0 else 0
