"""The meaning of usage: which events a metric counts, what it reads from them, and what they come to.

Ingestion reads every event by ``metering.rules.readers``, which is this module made quick; what SQL merges is what
``metering.rules.states`` says. ``usage`` is the pure reference: it streams events through the same rules and touches
no table; tests hold the tables to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.rules.terms import Aggregation, Dims, Measure, MetricTerms
from metering.rules.fields import ABSENT, ZERO, Unreadable, field_of, missing, quantity, text_value, value_of
from metering.rules.filters import passes
from metering.rules.spans import Piece, parts_of, span_states
from metering.rules.states import State
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
    """What one event adds to a metric for one set of dimension values; ``value`` is what UNIQUE tells apart."""

    dims: Dims
    quantity: Decimal
    value: str = ""


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
    return [_reading(metric, _dims(metric, common, measure), measure, data) for measure in found]


def _reading(metric: MetricTerms, dims: Dims, measure: Measure, data: Mapping[str, Any]) -> Reading:
    if metric.aggregation is Aggregation.UNIQUE:
        return Reading(dims, ZERO, text_value(field_of(data, measure.field), measure.field))
    return Reading(dims, measured(measure, data))


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


def usage(
    metric: MetricTerms, events: Iterable[Event], cuts: Sequence[Period], zone: str = "UTC"
) -> dict[tuple[int, Dims], State]:
    """Bring one account's events to a state per cut and dimension values: the reference for the tables.

    Give all events, earlier ones too: levels and carried values start from what they left. Cuts must not overlap;
    ``zone`` cuts the windows of metrics that have days. Unreadable events raise, as at the door.
    """
    pieces: dict[Dims, list[Piece]] = {}
    for event in events:
        if matches(metric, event):
            for reading in readings(metric, event.data):
                piece = Piece.of_event(metric, reading.quantity, reading.value, event.time, (event.source, event.id))
                pieces.setdefault(reading.dims, []).append(piece)
    parts = parts_of(metric, cuts, zone)
    return {
        (number, dims): state
        for dims, mine in pieces.items()
        for number, state in span_states(metric, mine, parts).items()
    }


def _dims(metric: MetricTerms, common: Dims, measure: Measure) -> Dims:
    if metric.measure_dimension is None:
        return common
    return (*common, (metric.measure_dimension, measure.value or ""))
