"""An event that a metric version counts, made from what the version says: for the first steps of whoever sends.

Every field that it reads gets the first value that its filters let pass, so that the event is counted as it stands;
where filters contradict each other there is no such event.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalog.rules.terms import Aggregation, Filter, FilterOp, MetricTerms
from metering.rules.aggregate import readings
from metering.rules.fields import number_in
from metering.rules.filters import passes
from monetization.values.errors import Invalid

WHOLE, PART = 1200, 200
TEXTS = ("example", "another", "third")
NUMBERS = (1, 0, 100, 10_000, -1)


def sample(metric: MetricTerms, known: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """Make the data of an event that the metric counts; None where there can be none.

    `known` are dimension values in use, which make it look like the real ones.
    """
    data: dict[str, Any] = {}
    for field, wishes in _wishes(metric, known or {}).items():
        value = _fitting([each for each in metric.filters if each.field == field], wishes)
        if value is not None:
            _put(data, field, value)
    try:
        counted = all(passes(each, data) for each in metric.filters) and readings(metric, data)
    except Invalid:
        return None
    return data if counted else None


def _wishes(metric: MetricTerms, known: Mapping[str, str]) -> dict[str, list[Any]]:
    """List the fields that the metric reads, in its order, with the values that would do, best first."""
    wishes: dict[str, list[Any]] = {}
    for dimension in metric.dimensions:
        numbers = [_plain(bound) for bound in dimension.thresholds[:1]]
        text = [known[dimension.key]] if known.get(dimension.key) else []
        wishes.setdefault(dimension.field, []).extend(numbers or [*text, *TEXTS])
    parts = {field for measure in metric.measures for field in measure.less}
    for measure in metric.measures:
        for field in (measure.field, *measure.less) if measure.field else ():
            first = "user-1" if metric.aggregation is Aggregation.UNIQUE else PART if field in parts else WHOLE
            wishes.setdefault(field, []).insert(0, first)
            wishes[field] += NUMBERS
    for each in metric.filters:
        wishes.setdefault(each.field, []).extend(_of_filter(each))
    return wishes


def _of_filter(condition: Filter) -> Iterator[Any]:
    """Give values that may meet a condition."""
    for text in condition.values:
        number = number_in(text)
        if number is not None and number.is_finite():
            yield from map(_plain, (number, number + 1, number - 1, number / 2))
        elif condition.op is FilterOp.IN:
            yield text
    yield from (*TEXTS, *NUMBERS)


def _fitting(conditions: Iterable[Filter], wishes: Iterable[Any]) -> Any:
    """Choose the first value that meets every condition on its field; None leaves the field out."""
    asked = list(conditions)
    return next((value for value in wishes if all(passes(each, {each.field: value}) for each in asked)), None)


def _put(data: dict[str, Any], path: str, value: Any) -> None:
    """Put a value where a dotted path leads; under its whole name where something else is in the way."""
    *outer, last = path.split(".")
    at = data
    for key in outer:
        inner = at.setdefault(key, {})
        if not isinstance(inner, dict):
            data[path] = value
            return
        at = inner
    if isinstance(at.get(last), dict):
        data[path] = value
    else:
        at[last] = value


def _plain(number: Decimal) -> Any:
    """Write a whole number as int, another as decimal text: both are read exactly."""
    return int(number) if number == number.to_integral_value() else f"{number:f}"
