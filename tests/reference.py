"""Usage once more, from the sentences of the rules alone: nothing of the product is imported, no table is touched.

`readings` says what an event adds to a metric or why it can't; `total` is what a metric comes to over a span, by
its definition: pick the events, sort them, count. Everything is a Fraction. A metric is anything with the
attributes of `catalog.rules.terms.MetricTerms`; its enums are text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from hashlib import sha256
from json import dumps
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

HOUR, QUARTER = timedelta(hours=1), timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)
NUMBER = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
ORDERED: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}
Dims = tuple[tuple[str, str], ...]


class Unusable(Exception):
    """Why an event can't be counted: the reason of its quarantine, and the field."""


class Read(NamedTuple):
    """What one event adds to a metric. As a tuple it sorts by (time, source, id)."""

    time: datetime
    source: str
    id: str
    dims: Dims = ()
    amount: Fraction = Fraction(1)
    text: str = ""


# -- from an event to what it adds


def readings(metric: Any, fact: Any) -> list[Read]:
    """Read an event (`source`, `id`, `time`, `data`) for a metric; nothing where a filter leaves it out."""
    if not all(passes(each, fact.data) for each in metric.filters):
        return []
    common = tuple((each.key, _dimension(each, fact.data)) for each in metric.dimensions)
    place = (fact.time, fact.source, fact.id)
    if metric.aggregation == "COUNT":
        return [Read(*place, common)]
    carried = [each for each in metric.measures if field(fact.data, each.field) is not None]
    if not carried:
        raise Unusable("MISSING_FIELD", metric.measures[0].field)
    found = []
    for each in carried:
        dims = (*common, (metric.measure_dimension, each.value)) if metric.measure_dimension else common
        if metric.aggregation == "UNIQUE":
            found.append(Read(*place, dims, text=_text(field(fact.data, each.field), each.field)))
        else:
            found.append(Read(*place, dims, _less(each, fact.data)))
    return found


def passes(condition: Any, data: Mapping[str, Any]) -> bool:
    """Test a filter."""
    value = field(data, condition.field)
    if condition.op in ("exists", "missing"):
        return (value is not None) == (condition.op == "exists")
    if condition.op in ("in", "not_in"):
        inside = isinstance(value, str | bool | int | Decimal) and shortest(value) in condition.values
        return inside == (condition.op == "in")
    number = _number(value)
    return number is not None and ORDERED[condition.op](number, Fraction(condition.values[0]))


def field(data: Mapping[str, Any], path: str) -> Any:
    """Follow a path; None where there is nothing. A key that holds the dots itself comes first."""
    if path in data or "." not in path:
        return data.get(path)
    found: Any = data
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def quantity(value: Any, name: str) -> Fraction:
    """Read an exact number: below 10^20, at most 18 decimal places."""
    number = _number(value)
    if number is None or abs(number) >= 10**20 or (number * 10**18).denominator != 1:
        raise Unusable("INVALID_FIELD", name)
    return number


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        return None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return Fraction(value)


def _less(measure: Any, data: Mapping[str, Any]) -> Fraction:
    amount = quantity(field(data, measure.field), measure.field)
    for name in measure.less:
        taken = field(data, name)
        amount -= 0 if taken is None else quantity(taken, name)
    if measure.less and amount < 0:
        raise Unusable("INVALID_FIELD", measure.field)
    return amount


def _dimension(dimension: Any, data: Mapping[str, Any]) -> str:
    value = field(data, dimension.field)
    if value is None:
        if dimension.required:
            raise Unusable("MISSING_FIELD", dimension.field)
        return ""
    if not dimension.thresholds:
        return _text(value, dimension.field)
    number = quantity(value, dimension.field)
    below = [bound for bound in dimension.thresholds if bound < number]
    above = [bound for bound in dimension.thresholds if bound >= number]
    parts = ([f">{shortest(below[-1])}"] if below else []) + ([f"≤{shortest(above[0])}"] if above else [])
    return " ".join(parts)


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str | bool | int | Decimal) or len(shortest(value)) > 200:
        raise Unusable("INVALID_FIELD", name)
    return shortest(value)


def shortest(value: Any) -> str:
    """Write a scalar as text: 1, 1.0 and 1e0 are the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    whole, _, rest = format(Decimal(value), "f").partition(".")
    text = f"{whole}.{rest}".rstrip("0").rstrip(".") if rest else whole
    return "0" if text == "-0" else text


# -- what a metric comes to


def total(
    metric: Any,
    read: Iterable[Read],
    starts_at: datetime,
    ends_at: datetime,
    *,
    zone: str = "UTC",
    full: tuple[datetime, datetime] | None = None,
) -> Fraction:
    """Give Q over [starts_at, ends_at), unconverted; `read` are the selected events of all time before its end.

    `full` is the period that the span is a part of: time-weighted sums are divided by its length.
    """
    length = micros(*(full or (starts_at, ends_at)))
    groups: dict[tuple[str, ...], list[Read]] = {}
    for each in sorted(one for one in read if one.time < ends_at):
        values = dict(each.dims)
        groups.setdefault(tuple(values.get(key, "") for key in metric.per), []).append(each)
    return sum((_of_group(metric, each, starts_at, ends_at, zone, length) for each in groups.values()), Fraction(0))


def _of_group(
    metric: Any, read: Sequence[Read], starts_at: datetime, ends_at: datetime, zone: str, length: int
) -> Fraction:
    if not metric.window:
        return plain(metric, read, starts_at, ends_at, length)
    values = []
    for start, end in windows(metric.window, starts_at, ends_at, zone):
        inside = (max(start, starts_at), min(end, ends_at))
        seen = [each for each in read if each.time < inside[1]]
        if has_value(metric, seen, *inside):
            values.append(plain(metric, seen, *inside, micros(start, end)))
    return again(metric.again, values)


def has_value(metric: Any, read: Sequence[Read], starts_at: datetime, ends_at: datetime) -> bool:
    """Say whether a window counts: something happened in it, or a level other than zero was carried into it."""
    if any(each.time >= starts_at for each in read):
        return True
    levels: dict[Dims, Fraction] = {}
    for each in read if metric.aggregation == "TIME_WEIGHTED" else ():
        levels[each.dims] = each.amount if metric.of_level else levels.get(each.dims, Fraction(0)) + each.amount
    return any(levels.values())


def plain(metric: Any, read: Sequence[Read], starts_at: datetime, ends_at: datetime, length: int) -> Fraction:
    """Aggregate sorted events without `per` and windows; what lies before the span counts only for what carries."""
    inside = [each for each in read if starts_at <= each.time < ends_at]
    amounts = [each.amount for each in inside]
    match str(metric.aggregation):
        case "SUM" | "COUNT":
            return sum(amounts, Fraction(0))
        case "MAX":
            return max(amounts, default=Fraction(0))
        case "MIN":
            return min(amounts, default=Fraction(0))
        case "AVERAGE":
            return sum(amounts, Fraction(0)) / len(amounts) if amounts else Fraction(0)
        case "UNIQUE":
            return Fraction(len({each.text for each in inside}))
        case "LATEST":
            known = read if metric.carry else inside
            return known[-1].amount if known else Fraction(0)
        case "TIME_WEIGHTED":
            return area(metric, read, starts_at, ends_at) / length if length else Fraction(0)
    raise AssertionError(metric.aggregation)


def area(metric: Any, read: Sequence[Read], starts_at: datetime, ends_at: datetime) -> Fraction:
    """Add up level × microseconds over a span, walking from event to event.

    Readings of a level belong to their dimension values: each has a level of its own, and these are added.
    """
    level, since, found, known = Fraction(0), starts_at, Fraction(0), dict[Dims, Fraction]()
    for each in read:
        at = max(each.time, starts_at)
        found += level * micros(since, at)
        change = each.amount - known.get(each.dims, Fraction(0)) if metric.of_level else each.amount
        since, level, known[each.dims] = at, level + change, each.amount
    return found + level * micros(since, ends_at)


def again(how: str | None, values: Sequence[Fraction]) -> Fraction:
    """Make one number of the windows' values."""
    if not values:
        return Fraction(0)
    if how == "max":
        return max(values)
    if how == "average":
        return sum(values, Fraction(0)) / len(values)
    if how == "p95":  # nearest rank: the smallest that at least 95 % don't exceed
        return next(each for each in sorted(values) if 100 * sum(one <= each for one in values) >= 95 * len(values))
    return sum(values, Fraction(0))


def windows(kind: str, starts_at: datetime, ends_at: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """Give the UTC hours, or the days of the zone, that a span touches."""
    if kind == "hour":
        start = starts_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while start < ends_at:
            yield start, start + HOUR
            start += HOUR
        return
    day = starts_at.astimezone(ZoneInfo(zone)).date()
    while (start := midnight(day, zone)) < ends_at:
        day += timedelta(days=1)
        if starts_at < midnight(day, zone) and start < midnight(day, zone):
            yield start, midnight(day, zone)


@cache
def midnight(day: date, zone: str) -> datetime:
    """Find the first quarter of an hour whose date in the zone is this one, or a later one where it is left out."""
    at, known = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16), ZoneInfo(zone)
    while at.astimezone(known).date() < day:
        at += QUARTER
    return at


def micros(starts_at: datetime, ends_at: datetime) -> int:
    """Count microseconds."""
    return (ends_at - starts_at) // MICROSECOND


# -- what an event is, when it comes again


def body_digest(type: str, subject: str, time: datetime | None, data: Mapping[str, Any]) -> bytes:
    """Hash an event's body: sorted keys, ASCII, numbers in one form, time in microseconds."""
    when = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if time else None
    return sha256(written({"data": data, "subject": subject, "time": when, "type": type}).encode("ascii")).digest()


def written(value: Any) -> str:
    """Write JSON canonically."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{dumps(key)}:{written(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return dumps(value)
    return shortest(value)
