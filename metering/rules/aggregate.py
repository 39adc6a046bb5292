"""The meaning of usage: which events a metric counts, what it reads from them, and what they sum to.

Ingestion calls ``readings`` for every event, so what SQL adds up is what this module says. ``usage`` is the pure
reference: it streams events through the same rules and touches no table; tests hold the tables to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.rules.terms import Aggregation, Dims, Measure, MetricTerms
from metering.rules.fields import ABSENT, ZERO, Unreadable, field_of, missing, quantity, value_of
from metering.rules.filters import passes
from monetization.values.money import EXACT
from monetization.values.periods import Period

ONE = Decimal(1)


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
        raise missing(metric.measures[0].field)
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
