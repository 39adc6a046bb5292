"""The meaning of usage: which events a metric counts, what it reads from them, and what they sum
to.

Ingestion calls ``readings`` for every event, so what SQL adds up is what this module says.
``usage`` is the pure reference: it streams events through the same rules and touches no table;
tests hold the tables to it.

Quantities are exact decimals within numeric(38, 18): less than 10^20, at most 18 decimal places.
Numbers may come as JSON numbers or as decimal text; booleans, floats, NaN and infinities are
refused, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from catalog.rules.terms import Aggregation, Dimension, Dims, Filter, FilterOp, Measure, MetricTerms
from catalog.rules.thresholds import label_of
from monetization.values.canonical import number_text
from monetization.values.errors import Invalid
from monetization.values.money import EXACT
from monetization.values.periods import Period

_NUMBER = re.compile(r"-?[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
INTEGER_DIGITS, DECIMAL_PLACES = 20, 18
TEXT_LIMIT = 200
ONE = Decimal(1)
ZERO = Decimal(0)
ABSENT: Any = object()
COMPARISONS = {FilterOp.GT: gt, FilterOp.GE: ge, FilterOp.LT: lt, FilterOp.LE: le}


class Missing(Invalid):
    """The event lacks a field that the metric needs."""

    code = "missing_field"


class Unreadable(Invalid):
    """A field holds something that is not a quantity, or not a dimension value."""

    code = "invalid_field"


class TooLarge(Unreadable):
    """A number outside numeric(38, 18)."""

    code = "too_large"


@dataclass(frozen=True, slots=True)
class Event:
    """A fact of use as it was sent; ``data`` with numbers as int or Decimal, ``subject`` the
    account's key.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one event adds to a metric for one set of dimension values."""

    dims: Dims
    quantity: Decimal


@dataclass(slots=True)
class Tally:
    """A sum and the number of events that it was read from."""

    quantity: Decimal = ZERO
    events: int = 0

    def add(self, quantity: Decimal) -> None:
        """Take in one event's quantity."""
        self.quantity = EXACT.add(self.quantity, quantity)
        self.events += 1


def matches(metric: MetricTerms, event: Event) -> bool:
    """Say whether the metric counts this event: its type, and every filter."""
    return event.type == metric.event_type and all(passes(each, event.data) for each in metric.filters)


def readings(metric: MetricTerms, data: Mapping[str, Any]) -> list[Reading]:
    """Read what one matching event adds, one reading per value of the measure dimension that it
    carries.

    Raises Missing, Unreadable or TooLarge, each with its field: the reasons for quarantine. A
    measure whose field is absent adds nothing, but an event with none of them is Missing.
    """
    common = tuple((dimension.key, value_of(dimension, data)) for dimension in metric.dimensions)
    if metric.aggregation is Aggregation.COUNT:
        return [Reading(common, ONE)]
    found = [measure for measure in metric.measures if field_of(data, measure.field) is not ABSENT]
    if not found:
        raise _missing(metric.measures[0].field)
    return [Reading(_dims(metric, common, measure), measured(measure, data)) for measure in found]


def measured(measure: Measure, data: Mapping[str, Any]) -> Decimal:
    """Read a measure's quantity; where other fields are taken off it, the rest must not be below
    zero.
    """
    amount = quantity(field_of(data, measure.field), measure.field)
    if not measure.less:
        return amount
    for field in measure.less:
        taken = field_of(data, field)
        amount = EXACT.subtract(amount, ZERO if taken is ABSENT else quantity(taken, field))
    if amount < 0:
        raise Unreadable(
            f"{measure.field} is smaller than {' + '.join(measure.less)}, which it should include",
            field=f"data.{measure.field}",
            fix="Send the total including its parts",
        )
    return amount


def quantity(value: Any, field: str) -> Decimal:
    """Read a number that numeric(38, 18) holds exactly, from an int, a Decimal or decimal text."""
    number = _decimal(value)
    if number is None or not number.is_finite():
        raise Unreadable(f"{field} is not a number", field=f"data.{field}", fix="Send a number, or decimal text")
    if not number:
        return ZERO
    if number.adjusted() >= INTEGER_DIGITS:
        raise TooLarge(f"{field} is too large", field=f"data.{field}", fix="Keep it below 10^20")
    _, digits, exponent = number.as_tuple()
    if -int(exponent) > DECIMAL_PLACES and any(digits[DECIMAL_PLACES + int(exponent) :]):
        raise TooLarge(f"{field} has too many decimal places", field=f"data.{field}", fix="Send at most 18")
    return number


def value_of(dimension: Dimension, data: Mapping[str, Any]) -> str:
    """Read a dimension's value: the field as text, or the label of its number's range."""
    found = field_of(data, dimension.field)
    if found is ABSENT:
        if dimension.required:
            raise _missing(dimension.field)
        return ""
    if dimension.thresholds:
        return label_of(quantity(found, dimension.field), dimension.thresholds)
    return _text(found, dimension.field)


def field_of(data: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path (``usage.input_tokens``); ABSENT where it leads nowhere or to null.

    A key that holds the dots itself wins over nesting.
    """
    found = data.get(path, ABSENT)
    if found is ABSENT and "." in path:
        found = data
        for key in path.split("."):
            found = found.get(key, ABSENT) if isinstance(found, Mapping) else ABSENT
    return ABSENT if found is None else found


def passes(condition: Filter, data: Mapping[str, Any]) -> bool:
    """Test one filter; comparing what is not a number is false, never an error."""
    found = field_of(data, condition.field)
    if condition.op is FilterOp.EXISTS:
        return found is not ABSENT
    if condition.op is FilterOp.MISSING:
        return found is ABSENT
    if condition.op in (FilterOp.IN, FilterOp.NOT_IN):
        inside = found is not ABSENT and _plain_text(found) in condition.values
        return inside is (condition.op is FilterOp.IN)
    return _compares(condition, found)


def usage(metric: MetricTerms, events: Iterable[Event], cuts: Sequence[Period]) -> dict[tuple[int, Dims], Tally]:
    """Sum one account's events per cut and dimension values: the reference for the tables.

    An event outside every cut counts nowhere; cuts must not overlap. Unreadable events raise, as at
    the door.
    """
    tallies: dict[tuple[int, Dims], Tally] = {}
    for event in events:
        index = next((i for i, cut in enumerate(cuts) if event.time in cut), None)
        if index is None or not matches(metric, event):
            continue
        for reading in readings(metric, event.data):
            tallies.setdefault((index, reading.dims), Tally()).add(reading.quantity)
    return tallies


def _dims(metric: MetricTerms, common: Dims, measure: Measure) -> Dims:
    if metric.measure_dimension is None:
        return common
    return (*common, (metric.measure_dimension, measure.value or ""))


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return None


def _text(value: Any, field: str) -> str:
    text = _plain_text(value)
    if text is None or "\x00" in text or len(text) > TEXT_LIMIT:
        raise Unreadable(
            f"{field} can't be used as a dimension value",
            field=f"data.{field}",
            fix=f"Send a text of at most {TEXT_LIMIT} characters, a number, or true or false",
        )
    return text


def _plain_text(value: Any) -> str | None:
    """Write a scalar as text, numbers in their shortest form so that 1 and 1.0 are one value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return number_text(value) if Decimal(value).is_finite() else None
    return None


def _compares(condition: Filter, found: Any) -> bool:
    number = _decimal(found)
    if number is None or not number.is_finite():
        return False
    return bool(COMPARISONS[condition.op](number, Decimal(condition.values[0])))


def _missing(field: str) -> Missing:
    return Missing(f"{field} is missing", field=f"data.{field}", fix=f"Send data.{field}")
