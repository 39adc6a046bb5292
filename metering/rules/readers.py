"""A metric made quick: what ``aggregate.readings`` says, compiled once for a version.

Ingestion reads every event by these; each combination of dimension values is remembered as a **slot**, a small number
that stands for (metric version, dimension values). What is out of the ordinary (a dotted path, a number as text, a
missing field) goes to ``aggregate.readings`` itself, so there is one meaning; a test holds both to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from catalog.rules.terms import Aggregation, Dimension, Dims, MetricTerms
from catalog.rules.thresholds import labels
from metering.rules.aggregate import readings
from metering.rules.fields import SMALLEST_TOO_LARGE, TEXT_LIMIT
from metering.rules.filters import compiled

SUMS = frozenset({Aggregation.SUM, Aggregation.COUNT, Aggregation.AVERAGE})
REMEMBERED = 50_000  # slots; a sender of endless values must not fill the memory


class Slot(NamedTuple):
    """A metric version and one combination of its dimension values."""

    metric: MetricTerms
    dims: Dims


# What one event adds to one slot: slot, quantity (whole numbers stay int, which add up quicker), and what UNIQUE tells
# apart. A plain tuple: several are made for each event.
Read = tuple[int, int | Decimal, str]


class Slots:
    """All combinations that were met, by number."""

    def __init__(self) -> None:
        self.known: list[Slot] = []
        self.is_sum: list[bool] = []
        self._numbers: dict[tuple[int, Dims], int] = {}

    def number(self, metric: MetricTerms, dims: Dims) -> int:
        """Give the combination's number."""
        key = (metric.version_id, dims)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self.known)
            self.known.append(Slot(metric, dims))
            self.is_sum.append(metric.aggregation in SUMS)
        return found

    @property
    def is_full(self) -> bool:
        """Say whether it is time to start over."""
        return len(self.known) > REMEMBERED


class Reader:
    """One metric version's way to read an event's data."""

    def __init__(self, metric: MetricTerms, slots: Slots) -> None:
        self.metric, self._slots = metric, slots
        self._filters = [compiled(each) for each in metric.filters]
        self._dimensions = [_compiled(each) for each in metric.dimensions]
        self._measures = [(each.field, each.less, each.value or "") for each in metric.measures]
        self._memo: dict[tuple[str, ...], int] = {}
        fields = [each.field for each in metric.dimensions]
        fields += [field for each in metric.measures for field in (each.field, *each.less)]
        self._is_plain = all("." not in field for field in fields)
        self._is_count = metric.aggregation is Aggregation.COUNT
        self._is_amount = metric.aggregation is not Aggregation.UNIQUE

    def read(self, data: Mapping[str, Any]) -> list[Read]:
        """Read what the event adds; nothing where a filter refuses it. Raises what ``aggregate.readings`` raises."""
        for test in self._filters:
            if not test(data):
                return []
        found = self._quickly(data) if self._is_plain else None
        return self._slowly(data) if found is None else found

    def _quickly(self, data: Mapping[str, Any]) -> list[Read] | None:
        values = []
        for field, bounds, names in self._dimensions:
            value = data.get(field)
            if bounds is not None and type(value) is int:
                value = names[bisect_left(bounds, value)]
            elif bounds is not None or type(value) is not str or len(value) > TEXT_LIMIT:
                return None
            values.append(value)
        if self._is_count:
            return [(self._slot(values, ""), 1, "")]
        return self._amounts(values, data) if self._is_amount else None

    def _amounts(self, values: list[str], data: Mapping[str, Any]) -> list[Read] | None:
        found: list[Read] = []
        for field, less, name in self._measures:
            amount = data.get(field)
            if amount is None:
                continue
            for other in less:
                taken = data.get(other, 0)
                if type(taken) is not int or type(amount) is not int:
                    return None
                amount -= taken
            if (
                type(amount) is not int
                or not -SMALLEST_TOO_LARGE < amount < SMALLEST_TOO_LARGE
                or (less and amount < 0)
            ):
                return None
            found.append((self._slot(values, name), amount, ""))
        return found or None

    def _slot(self, values: list[str], measure: str) -> int:
        key = (*values, measure)
        slot = self._memo.get(key)
        if slot is None:
            named = zip((each.key for each in self.metric.dimensions), values, strict=True)
            dims = tuple(named)
            if self.metric.measure_dimension is not None and not self._is_count:
                dims = (*dims, (self.metric.measure_dimension, measure))
            slot = self._memo[key] = self._slots.number(self.metric, dims)
        return slot

    def _slowly(self, data: Mapping[str, Any]) -> list[Read]:
        return [
            (self._slots.number(self.metric, each.dims), each.quantity, each.value)
            for each in readings(self.metric, data)
        ]


def _compiled(dimension: Dimension) -> tuple[str, list[Decimal] | None, tuple[str, ...]]:
    if not dimension.thresholds:
        return dimension.field, None, ()
    return dimension.field, list(dimension.thresholds), labels(dimension.thresholds)
