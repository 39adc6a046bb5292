"""A metric made quick: what ``aggregate.readings`` says, compiled once for a version.

Ingestion reads every event by these; each combination of dimension values is remembered as a **slot**, a small number
that stands for (metric version, dimension values). What is out of the ordinary (a dotted path, a number as text, a
missing field) goes to ``aggregate.readings`` itself, so there is one meaning; a test holds both to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
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
        fields = [each.field for each in metric.dimensions]
        self._pick = _picker(fields) if not any(each.thresholds for each in metric.dimensions) else self._labelled
        self._met: dict[Any, tuple[int, ...]] = {}  # the slots of each measure, by what was picked
        fields += [field for each in metric.measures for field in (each.field, *each.less)]
        self._is_quick = metric.aggregation is not Aggregation.UNIQUE and all("." not in field for field in fields)
        self._is_count = metric.aggregation is Aggregation.COUNT
        self._only = metric.measures[0].field if len(metric.measures) == 1 and not metric.measures[0].less else None

    def read(self, data: Mapping[str, Any]) -> list[Read]:
        """Read what the event adds; nothing where a filter refuses it. Raises what ``aggregate.readings`` raises."""
        for test in self._filters:
            if not test(data):
                return []
        if not self._is_quick:
            return self._slowly(data)
        try:
            slots: tuple[int, ...] | None = self._met[self._pick(data)]
        except (KeyError, TypeError):  # a combination never met, a field that is missing or no text
            slots = self._meet(data)
        found = self._ordinary(slots, data) if slots is not None else None
        return self._slowly(data) if found is None else found

    def _ordinary(self, slots: tuple[int, ...], data: Mapping[str, Any]) -> list[Read] | None:
        """Read plain numbers; None where that takes more care."""
        if self._is_count:
            return [(slots[0], 1, "")]
        if self._only is None:
            return self._amounts(slots, data)
        amount = data.get(self._only)
        if type(amount) is int and -SMALLEST_TOO_LARGE < amount < SMALLEST_TOO_LARGE:
            return [(slots[0], amount, "")]
        return None

    def _meet(self, data: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Number a new combination for each measure, if its values are plain text; None where they are not."""
        values = self._labelled(data)
        if values is None:
            return None
        found = tuple([self._slot(values, name) for _, _, name in self._measures] or [self._slot(values, "")])
        self._met[self._pick(data)] = found
        return found

    def _labelled(self, data: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Give the values of the dimensions, ranges by their labels; None where one takes more care."""
        values = []
        for field, bounds, names in self._dimensions:
            value = data.get(field)
            if bounds is not None and type(value) is int:
                value = names[bisect_left(bounds, value)]
            elif bounds is not None or type(value) is not str or len(value) > TEXT_LIMIT:
                return None
            values.append(value)
        return tuple(values)

    def _amounts(self, slots: tuple[int, ...], data: Mapping[str, Any]) -> list[Read] | None:
        found: list[Read] = []
        for slot, (field, less, _) in zip(slots, self._measures, strict=True):
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
            found.append((slot, amount, ""))
        return found or None

    def _slot(self, values: Sequence[str], measure: str) -> int:
        named = zip((each.key for each in self.metric.dimensions), values, strict=True)
        dims = tuple(named)
        if self.metric.measure_dimension is not None and not self._is_count:
            dims = (*dims, (self.metric.measure_dimension, measure))
        return self._slots.number(self.metric, dims)

    def _slowly(self, data: Mapping[str, Any]) -> list[Read]:
        return [
            (self._slots.number(self.metric, each.dims), each.quantity, each.value)
            for each in readings(self.metric, data)
        ]


def _picker(fields: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    """Give what picks all fields of an event at once, as something that tells combinations apart."""
    return itemgetter(*fields) if fields else lambda data: ()


def _compiled(dimension: Dimension) -> tuple[str, list[Decimal] | None, tuple[str, ...]]:
    if not dimension.thresholds:
        return dimension.field, None, ()
    return dimension.field, list(dimension.thresholds), labels(dimension.thresholds)
