"""What events come to, kept so that more can be merged in: the one arithmetic of all aggregations.

A `State` belongs to one set of dimension values and a stretch of time. States of stretches that don't overlap, and of
different dimension values, are merged; only at the end does `total` make a number of them. So a maximum is never added
to another one, and a value that came in two hours is one distinct value. The tables keep states by hour; an hour that
is cut reads its events into states by the same functions.

TIME_WEIGHTED keeps an area, in units × microseconds. In a bucket it is that of the bucket's own changes up to the
bucket's end; `area` makes of buckets that of a span, starting from the level that earlier events left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from catalog.rules.terms import Again, Aggregation, Dims, MetricTerms
from monetization.values.money import EXACT, total_of

ZERO = Decimal(0)
MICROSECOND = timedelta(microseconds=1)
Key = tuple[str, str]  # source, id: tells events of one instant apart
A = Aggregation


@dataclass(slots=True)
class State:
    """What the events of one set of dimension values come to; which fields are used depends on the aggregation.

    ``quantity``: the sum (SUM, COUNT, AVERAGE), the extreme, the latest value, the net change of a level.
    ``weighted``: area of TIME_WEIGHTED. ``first_at``, ``last_at``, ``last_key``: of LATEST and of levels. ``values``:
    of UNIQUE. ``windows``: states by the start of their window, where the metric has windows; nothing else is set then.
    """

    quantity: Decimal = ZERO
    events: int = 0
    weighted: Decimal = ZERO
    first_at: datetime | None = None
    last_at: datetime | None = None
    last_key: Key = ("", "")
    values: set[str] = field(default_factory=set)
    windows: dict[datetime, State] = field(default_factory=dict)
    lasting: timedelta = timedelta(0)

    def add(self, quantity: Decimal) -> None:
        """Take in one event's quantity of a metric that adds up."""
        self.quantity = EXACT.add(self.quantity, quantity)
        self.events += 1

    @property
    def place(self) -> tuple[datetime, Key]:
        """Give the order of the latest event; only where there is one."""
        assert self.last_at is not None
        return self.last_at, self.last_key


@dataclass(frozen=True, slots=True)
class Moment:
    """When and which: the place of an event among others, and the end of the bucket that it is read into."""

    time: datetime
    key: Key
    ends_at: datetime | None = None


def read_into(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    """Take one event's reading into a state. Levels (``of_level``) must come in order; all others in any."""
    _READERS.get(metric.aggregation, _read_sum)(metric, state, quantity, value, at)
    state.events += 1


def _read_sum(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    state.quantity = EXACT.add(state.quantity, quantity)


def _read_max(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    state.quantity = max(state.quantity, quantity) if state.events else quantity


def _read_min(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    state.quantity = min(state.quantity, quantity) if state.events else quantity


def _read_latest(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    if state.last_at is None or (at.time, at.key) > state.place:
        state.quantity, state.last_at, state.last_key = quantity, at.time, at.key
    state.first_at = min(state.first_at, at.time) if state.first_at else at.time


def _read_unique(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    state.values.add(value)


def _read_level(metric: MetricTerms, state: State, quantity: Decimal, value: str, at: Moment) -> None:
    assert at.ends_at is not None
    left = micros(at.time, at.ends_at)
    change = EXACT.subtract(quantity, state.quantity) if metric.of_level else quantity
    state.weighted = EXACT.add(state.weighted, EXACT.multiply(change, left))
    if metric.of_level:
        _read_latest(metric, state, quantity, value, at)
    else:
        state.quantity = EXACT.add(state.quantity, quantity)


Reader = Callable[[MetricTerms, State, Decimal, str, Moment], None]
_READERS: dict[Aggregation, Reader] = {
    A.MAX: _read_max,
    A.MIN: _read_min,
    A.LATEST: _read_latest,
    A.UNIQUE: _read_unique,
    A.TIME_WEIGHTED: _read_level,
}


def merged(metric: MetricTerms, states: Iterable[State]) -> State:
    """Merge states of stretches and dimension values that share no event; areas are those of whole spans."""
    if metric.window is None:
        return joined(metric.aggregation, states)
    found = State()
    for each in states:
        for start, state in each.windows.items():
            known = found.windows.get(start)
            found.windows[start] = _joined(metric.aggregation, known, state) if known else state
        found.events += each.events
    return found


def joined(kind: Aggregation, states: Iterable[State]) -> State:
    """Merge states that have no windows."""
    found = State()
    for each in states:
        found = _joined(kind, found, each)
    return found


def _joined(kind: Aggregation, a: State, b: State) -> State:
    """Merge two; a state without any event (and without a value carried into it) changes nothing."""
    if _is_empty(kind, a) or _is_empty(kind, b):
        return b if _is_empty(kind, a) else a
    together = State(events=a.events + b.events, lasting=a.lasting)
    if kind is A.UNIQUE:
        together.values = a.values | b.values
    elif kind is A.LATEST:
        newest = max(a, b, key=lambda each: each.place)
        together.quantity, together.last_at, together.last_key = newest.quantity, newest.last_at, newest.last_key
    elif kind in (A.MAX, A.MIN):
        together.quantity = (max if kind is A.MAX else min)(a.quantity, b.quantity)
    else:
        together.quantity = EXACT.add(a.quantity, b.quantity)
        together.weighted = EXACT.add(a.weighted, b.weighted)
    return together


def _is_empty(kind: Aggregation, state: State) -> bool:
    return not state.events and state.last_at is None and not state.weighted and not state.quantity


def total(metric: MetricTerms, rows: Iterable[tuple[Dims, State]], length: timedelta) -> Fraction:
    """Make the one unconverted number of all rows: `per` values each for itself, then added.

    ``length`` is that of the full period (time-weighted sums are divided by it). Nothing at all is 0.
    """
    if metric.adds_up and not metric.per and metric.window is None:
        return Fraction(total_of(state.quantity for _, state in rows))
    groups: dict[tuple[str, ...], list[State]] = {}
    for dims, state in rows:
        values = dict(dims)
        groups.setdefault(tuple(values.get(key, "") for key in metric.per), []).append(state)
    return sum((_value(metric, merged(metric, states), length) for states in groups.values()), Fraction(0))


def _value(metric: MetricTerms, state: State, length: timedelta) -> Fraction:
    if metric.window is None:
        return value_of(metric.aggregation, state, length)
    each = [value_of(metric.aggregation, one, one.lasting) for _, one in sorted(state.windows.items(), key=_start)]
    return _AGAIN[metric.again or Again.SUM](each) if each else Fraction(0)


def _start(item: tuple[datetime, State]) -> datetime:
    return item[0]


def value_of(kind: Aggregation, state: State, length: timedelta) -> Fraction:
    """Make a number of one state. An area already divided (a window's) comes with length zero."""
    if kind is A.UNIQUE:
        return Fraction(len(state.values))
    if kind is A.AVERAGE:
        return Fraction(state.quantity) / state.events if state.events else Fraction(0)
    if kind is A.TIME_WEIGHTED:
        return Fraction(state.weighted) / (length // MICROSECOND or 1)
    return Fraction(state.quantity)


def percentile_95(values: Sequence[Fraction]) -> Fraction:
    """Give the smallest value that at least 95 % of the values don't exceed (nearest rank)."""
    return sorted(values)[ceil(Fraction(95 * len(values), 100)) - 1]


_AGAIN: Mapping[Again, Callable[[list[Fraction]], Fraction]] = {
    Again.SUM: lambda values: sum(values, Fraction(0)),
    Again.MAX: max,
    Again.AVERAGE: lambda values: sum(values, Fraction(0)) / len(values),
    Again.P95: percentile_95,
}


def micros(start: datetime, end: datetime) -> Decimal:
    """Count the microseconds between two instants."""
    return Decimal((end - start) // MICROSECOND)
