"""Which metric versions are in force when, and what an event adds to them.

The fold, exact cuts, drill-down and the sweep all read events through a ``Book``, so an event counts in the same
place whoever looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from catalog.rules.terms import MetricTerms
from metering.rules.aggregate import Reading, readings
from metering.rules.filters import passes
from metering.rules.readers import Read, Reader, Slots
from monetization.values.periods import Period

NOTHING: tuple[datetime, list[Reader]] = (datetime.max.replace(tzinfo=UTC), [])
Readings = list[tuple[MetricTerms, Reading]]


class Book:
    """All metric versions of one environment with their stretches in force, by the event type that they read."""

    def __init__(self, versions: Iterable[tuple[MetricTerms, Period]]) -> None:
        self.slots = Slots()
        self._by_type: dict[str, list[tuple[Reader, Period]]] = {}
        for metric, period in versions:
            self._by_type.setdefault(metric.event_type, []).append((Reader(metric, self.slots), period))
        self._running = {kind: _running(readers) for kind, readers in self._by_type.items()}

    def knows(self, event_type: str) -> bool:
        """Say whether any version, of whatever time, reads this type."""
        return event_type in self._by_type

    def reading(self, event_type: str, time: datetime) -> list[MetricTerms]:
        """List the versions that read this type at this time, whatever their filters say."""
        return [reader.metric for reader in self.readers(event_type, time)]

    def readers(self, event_type: str, time: datetime) -> list[Reader]:
        """List the readers of a type at a time."""
        since, running = self._running.get(event_type, NOTHING)
        if time >= since:
            return running
        return [reader for reader, period in self._by_type.get(event_type, ()) if time in period]

    def reads(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> list[Read]:
        """Read what an event adds, by slot; raises what ``aggregate.readings`` raises."""
        return [read for reader in self.readers(event_type, time) for read in reader.read(data)]

    def readings(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> Readings:
        """Read what an event adds to each metric that counts it; raises what ``aggregate.readings`` raises."""
        return [
            (metric, reading)
            for metric in self.reading(event_type, time)
            if all(passes(each, data) for each in metric.filters)
            for reading in readings(metric, data)
        ]


def _running(readers: list[tuple[Reader, Period]]) -> tuple[datetime, list[Reader]]:
    """Give the readers that are in force for ever from the last change on, and when that is: the usual case."""
    changes = [at for _, period in readers for at in (period.starts_at, period.ends_at) if at is not None]
    return max(changes), [reader for reader, period in readers if period.ends_at is None]


def hour_of(time: datetime) -> datetime:
    """Give the start of the UTC hour."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
