"""Everything for which publishing a metric version is refused, each with its field and what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from catalog.rules.terms import Aggregation, FilterOp, MetricTerms
from monetization.values.errors import DomainError, Invalid

LESS = frozenset({Aggregation.SUM, Aggregation.AVERAGE, Aggregation.MAX, Aggregation.MIN})
COMPARISONS = frozenset({FilterOp.GT, FilterOp.GE, FilterOp.LT, FilterOp.LE})
NEEDS = {
    Aggregation.SUM: "A sum needs a field to add up",
    Aggregation.MAX: "A largest value needs a field to read",
    Aggregation.MIN: "A smallest value needs a field to read",
    Aggregation.LATEST: "A latest value needs a field to read",
    Aggregation.UNIQUE: "Distinct values need a field to read",
    Aggregation.AVERAGE: "An average needs a field to read",
    Aggregation.TIME_WEIGHTED: "A level over time needs a field to read",
}
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
PATH = re.compile(r"[^\s.\x00-\x1f\x7f`][^\x00-\x1f\x7f`]{0,119}")
MOST_DIGITS = 18


def metric_errors(metric: MetricTerms) -> list[DomainError]:
    """List what is wrong with a metric version, in the order of its form."""
    return [
        *_type_errors(metric),
        *_measure_errors(metric),
        *_less_errors(metric),
        *_dimension_errors(metric),
        *_filter_errors(metric),
        *_start_errors(metric),
        *_step_errors(metric),
        *_number_errors(metric),
    ]


def _type_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if not PATH.fullmatch(metric.event_type):
        fix = "Write it as in the events, such as llm.request"
        yield Invalid("The type of its events is not named", field="event_type", fix=fix)


def _measure_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if metric.aggregation is Aggregation.COUNT:
        yield from _nothing_to_read(metric)
        return
    fields, values = [m.field for m in metric.measures], [m.value for m in metric.measures]
    if not fields or not all(fields):
        yield Invalid(NEEDS[metric.aggregation], field="measures", fix="Name a field of the event")
    for index, field in enumerate(fields):
        yield from _field_errors(field, f"measures[{index}].field")
    if metric.measure_dimension and not all(values):
        yield Invalid("Each measure needs its value", field="measures", fix=f"Name the {metric.measure_dimension}")
    if not metric.measure_dimension and len(values) > 1:
        fix = "Name the dimension that tells them apart"
        yield Invalid("Several measures need a dimension", field="measure_dimension", fix=fix)
    if len(set(values)) < len(values):
        yield Invalid("Two measures have the same value", field="measures", fix="Give each its own")


def _nothing_to_read(metric: MetricTerms) -> Iterator[DomainError]:
    if metric.measures:
        fix = "Leave the fields out, or count something else"
        yield Invalid("A count of events reads no field", field="measures", fix=fix)
    if metric.measure_dimension:
        fix = "Leave this dimension out"
        yield Invalid("A count of events has no measures to tell apart", field="measure_dimension", fix=fix)


def _less_errors(metric: MetricTerms) -> Iterator[DomainError]:
    for index, measure in enumerate(metric.measures):
        field = f"measures[{index}].less"
        if measure.less and metric.aggregation not in LESS:
            fix = "Leave it out, or use a sum, average, largest or smallest value"
            yield Invalid("Nothing can be taken off what this counts", field=field, fix=fix)
        for name in measure.less:
            yield from _field_errors(name, field)
        if len(set(measure.less)) < len(measure.less) or measure.field in measure.less:
            yield Invalid("A field is taken off twice, or off itself", field=field, fix="Name each other field once")


def _dimension_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if len(set(metric.order)) < len(metric.order):
        yield Invalid("Two dimensions have the same key", field="dimensions", fix="Give each its own")
    if metric.measure_dimension:
        yield from _key_errors(metric.measure_dimension, "measure_dimension")
    for index, dimension in enumerate(metric.dimensions):
        yield from _key_errors(dimension.key, f"dimensions[{index}].key")
        yield from _field_errors(dimension.field or "", f"dimensions[{index}].field", needed=True)
        if any(high <= low for low, high in pairwise(dimension.thresholds)):
            field = f"dimensions[{index}].thresholds"
            yield Invalid("Thresholds must rise", field=field, fix="Put the smallest first, each once")


def _filter_errors(metric: MetricTerms) -> Iterator[DomainError]:
    for index, each in enumerate(metric.filters):
        yield from _field_errors(each.field, f"filters[{index}].field", needed=True)
        field = f"filters[{index}].values"
        if each.op in COMPARISONS and (len(each.values) != 1 or not NUMBER.fullmatch(each.values[0])):
            yield Invalid("A comparison takes one number", field=field, fix="Write one, such as 200000")
        elif each.op in (FilterOp.IN, FilterOp.NOT_IN) and not each.values:
            yield Invalid("This condition needs a value", field=field, fix="Name at least one")
        elif each.op in (FilterOp.EXISTS, FilterOp.MISSING) and each.values:
            yield Invalid("This condition takes no value", field=field, fix="Leave the values out")


def _start_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if metric.carry and metric.aggregation is not Aggregation.LATEST:
        fix = "Leave it out, or use the latest value"
        yield Invalid("Only a latest value can be carried over", field="carry", fix=fix)
    if metric.of_level and metric.aggregation is not Aggregation.TIME_WEIGHTED:
        fix = "Leave it out, or use a level over time"
        yield Invalid("Only a level over time is read as a level", field="of_level", fix=fix)


def _step_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if len(set(metric.per)) < len(metric.per):
        yield Invalid("A dimension is named twice", field="per", fix="Name each once")
    unknown = [key for key in metric.per if key not in metric.order]
    if unknown:
        fix = f"Use: {', '.join(metric.order)}" if metric.order else "Add it to the dimensions first"
        yield Invalid(f"“{unknown[0]}” is no dimension of this metric", field="per", fix=fix)
    if metric.window and not metric.again:
        fix = "Choose sum, largest, average or 95th percentile"
        yield Invalid("It isn't said what is made of the windows", field="again", fix=fix)
    if metric.again and not metric.window:
        fix = "Choose an hour or a day"
        yield Invalid("It isn't said which windows are put together", field="window", fix=fix)


def _number_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if metric.divisor <= 0:
        yield Invalid("The divisor must be above zero", field="divisor", fix="Use 1 for no conversion")
    if not -MOST_DIGITS <= metric.digits <= MOST_DIGITS:
        yield Invalid("So many digits can't be kept", field="digits", fix="Choose from -18 to 18")
    elif metric.digits and metric.rounding is None:
        yield Invalid("Digits need a rounding", field="digits", fix="Choose how it is rounded, or 0 digits")


def _key_errors(key: str, field: str) -> Iterator[DomainError]:
    if not KEY.fullmatch(key):
        fix = "Use 1–63 letters, digits, points, _ or -, a letter first"
        message = f"“{key[:63]}” can't be the key of a dimension" if key else "A dimension has no key"
        yield Invalid(message, field=field, fix=fix)


def _field_errors(path: str, field: str, *, needed: bool = False) -> Iterator[DomainError]:
    if not path:
        if needed:
            yield Invalid("No field of the event is named", field=field, fix="Name one, such as model")
    elif not PATH.fullmatch(path) or path != path.strip() or path.endswith(".") or ".." in path:
        fix = "Write its path in data, at most 120 characters: usage.input_tokens"
        yield Invalid(f"“{path[:60]}” can't be a field of an event", field=field, fix=fix)
