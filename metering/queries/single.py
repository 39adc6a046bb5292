"""Single events of an account, for prices that look at each of them: a percentage of every transaction.

Usage in buckets can't price them, so they are streamed from the raw events, once for each metric version and period,
and only where a row with such a price may select them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from catalog.rules.terms import Dims, MetricTerms, PriceModel, Segment
from catalog.rules.transactions import Transaction
from metering.queries.events import matching
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period

Place = tuple[int, int, Dims]  # metric version, segment, dimension values


def with_transactions(account_id: int, segments: Sequence[Segment], rows: list[UsageRow]) -> list[UsageRow]:
    """Put the single events into the rows of metrics that a price of transactions reads."""
    found: dict[Place, list[Transaction]] = {}
    for metric, numbers in _looked_at(segments).values():
        for place, event in _events(account_id, metric, numbers, segments):
            found.setdefault(place, []).append(event)
    if not found:
        return rows
    keys = ((row.metric_version_id, row.segment, row.dims) for row in rows)
    return [replace(row, transactions=tuple(found.get(key, ()))) for key, row in zip(keys, rows, strict=True)]


def _looked_at(segments: Sequence[Segment]) -> dict[int, tuple[MetricTerms, list[int]]]:
    """List the metric versions with a price of transactions, each with the segments that it counts in."""
    all_of_it: dict[int, tuple[MetricTerms, list[int]]] = {}
    wanted = set[str]()
    for number, segment in enumerate(segments):
        for charge in (each for each in segment.charges if each.prices):
            _, numbers = all_of_it.setdefault(charge.metric.version_id, (charge.metric, []))
            if number not in numbers:
                numbers.append(number)
            if any(price.model is PriceModel.PERCENTAGE for price in charge.prices):
                wanted.add(charge.metric.metric)
    return {pk: found for pk, found in all_of_it.items() if found[0].metric in wanted}


def _events(
    account_id: int, metric: MetricTerms, numbers: Sequence[int], segments: Sequence[Segment]
) -> Iterator[tuple[Place, Transaction]]:
    """Stream the metric's events through the segments, which rise in time."""
    periods = [(number, segments[number].period) for number in numbers]
    whole = Period(periods[0][1].starts_at, periods[-1][1].ends_at)
    at = 0
    for stored, readings in matching(account_id, metric, (), whole):
        while at < len(periods) - 1 and stored.time not in periods[at][1] and stored.time >= periods[at][1].starts_at:
            at += 1
        number, period = periods[at]
        if stored.time not in period:
            continue
        for reading in readings:
            place = (metric.version_id, number, reading.dims)
            yield place, Transaction(stored.time, stored.source, stored.event_id, reading.quantity)
