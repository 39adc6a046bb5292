"""Which metric versions are in force when, and what an event adds to them.

The door reads events through ``Book.readings``, exact cuts, drill-down and removals through ``Book.counted``, so
an event counts in the same place whoever looks at it. They differ only for events that were accepted before a
version was there to read them: where it can't, they don't count for it. A version whose backfill runs (or waits
for approval) counts beside those in force and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from catalog.rules.terms import MetricTerms
from metering.rules.aggregate import Reading, readings
from metering.rules.filters import passes
from monetization.values.errors import Invalid
from monetization.values.periods import Period

Readings = list[tuple[MetricTerms, Reading]]


class Book:
    """All metric versions of one environment with their stretches in force, by the event type that they read."""

    def __init__(
        self, versions: Iterable[tuple[MetricTerms, Period]], backfilling: Iterable[tuple[MetricTerms, Period]] = ()
    ) -> None:
        self._by_type = _by_type(versions)
        self._backfilling = _by_type(backfilling)

    def knows(self, event_type: str) -> bool:
        """Say whether any version, of whatever time, reads this type."""
        return event_type in self._by_type

    def reading(self, event_type: str, time: datetime) -> list[MetricTerms]:
        """List the versions that read this type at this time, whatever their filters say."""
        return [metric for metric, period in self._by_type.get(event_type, ()) if time in period]

    def readings(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> Readings:
        """Read what an event adds to each metric that counts it; raises what ``aggregate.readings`` raises."""
        found = [(metric, each) for metric in self.reading(event_type, time) for each in read_by(metric, data)]
        if event_type in self._backfilling:
            found += _readable(self._in_backfill(event_type, time), data)
        return found

    def counted(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> Readings:
        """Read what an event that was accepted counts towards; a version that can't read it leaves it out."""
        return _readable([*self.reading(event_type, time), *self._in_backfill(event_type, time)], data)

    def _in_backfill(self, event_type: str, time: datetime) -> list[MetricTerms]:
        return [metric for metric, period in self._backfilling.get(event_type, ()) if time in period]


def read_by(metric: MetricTerms, data: Mapping[str, Any]) -> list[Reading]:
    """Read what an event of its type adds to one version: nothing where a filter leaves it out. Raises Invalid."""
    return readings(metric, data) if all(passes(each, data) for each in metric.filters) else []


def hour_of(time: datetime) -> datetime:
    """Give the start of the UTC hour."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _by_type(versions: Iterable[tuple[MetricTerms, Period]]) -> dict[str, list[tuple[MetricTerms, Period]]]:
    found: dict[str, list[tuple[MetricTerms, Period]]] = {}
    for metric, period in versions:
        found.setdefault(metric.event_type, []).append((metric, period))
    return found


def _readable(metrics: Iterable[MetricTerms], data: Mapping[str, Any]) -> Readings:
    found: Readings = []
    for metric in metrics:
        with suppress(Invalid):
            found += [(metric, reading) for reading in read_by(metric, data)]
    return found
