"""Events of a quote as usage of its segments, by the same arithmetic as that of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.rules.quotes.bodies import EventBody, QuoteBody
from billing.rules.quotes.moments import instant_in
from billing.rules.quotes.usage import Usage
from catalog.rules.terms import Aggregation, Dims, PriceModel, Terms
from catalog.rules.transactions import Transaction
from metering.rules.quantities import UsageRow
from metering.rules.spans import Piece, parts_of, span_states
from monetization.values.errors import Invalid


@dataclass(frozen=True, slots=True)
class Read:
    """An event, placed in time; ``key`` is (source, id)."""

    at: datetime
    key: tuple[str, str]
    dims: Dims
    quantity: Decimal
    value: str


def rows_of(body: QuoteBody, charges: Sequence[Usage], terms: Terms, first: datetime) -> list[UsageRow]:
    """Bring the events to rows of the period's segments; one without a time is at ``first``. Raises Invalid."""
    mine: dict[str, list[Read]] = {each.body.key: [] for each in charges}
    by_key = {each.body.key: each for each in charges}
    for number, event in _once(body.usage):
        path = f"usage[{number}]"
        usage = by_key.get(event.charge)
        if usage is None:
            raise Invalid(f"“{event.charge}” is no usage charge", field=f"{path}.charge", fix="Use a charge's key")
        at = instant_in(event.at, f"{path}.at", body.time_zone) if event.at else first
        mine[event.charge].append(_read(event, usage, at, number, path))
    return [row for each in charges for row in _rows(each, mine[each.body.key], terms)]


def _once(events: Sequence[EventBody]) -> Iterator[tuple[int, EventBody]]:
    """Leave out repeats: the first of a (source, id) stays."""
    seen = set[tuple[str, str]]()
    for number, event in enumerate(events):
        if event.id is None:
            yield number, event
        elif (event.source, event.id) not in seen:
            seen.add((event.source, event.id))
            yield number, event


def _read(event: EventBody, usage: Usage, at: datetime, number: int, path: str) -> Read:
    order = usage.metric.order
    unknown = sorted(set(event.dimensions) - set(order))
    if unknown:
        raise Invalid(f"“{unknown[0]}” is no dimension", field=f"{path}.dimensions", fix="Name it in the metric")
    dims = tuple((key, event.dimensions.get(key, "")) for key in order)
    quantity = Decimal(1) if usage.metric.aggregation is Aggregation.COUNT else event.quantity
    name = event.id if event.id is not None else f"{number:09}"
    return Read(at, (event.source, name), dims, quantity, event.value or str(event.quantity))


def _rows(usage: Usage, events: Sequence[Read], terms: Terms) -> Iterator[UsageRow]:
    metric = usage.metric
    parts = parts_of(metric, [segment.period for segment in terms.segments], terms.zone)
    by_dims: dict[Dims, list[Read]] = {}
    for event in events:
        by_dims.setdefault(event.dims, []).append(event)
    single = usage.body.windowed_commitment is not None or _looks_at_events(usage)
    for dims, mine in by_dims.items():
        pieces = [Piece.of_event(metric, each.quantity, each.value, each.at, each.key) for each in mine]
        for number, state in span_states(metric, pieces, parts).items():
            events_of = [each for each in mine if each.at in terms.segments[number].period] if single else []
            single_ones = tuple(Transaction(each.at, *each.key, each.quantity) for each in events_of)
            yield UsageRow(metric.version_id, number, dims, state.quantity, state.events, state, single_ones)


def _looks_at_events(usage: Usage) -> bool:
    return any(row.price.model is PriceModel.PERCENTAGE for row in usage.rows)
