"""Which metric versions are in force when, and what an event adds to them.

The door reads events through ``Book.reads``, exact cuts, drill-down and removals through ``Book.counted``, so an event
counts in the same place whoever looks at it. They differ only for events that were accepted before a version was there
to read them: where it can't, they don't count for it. A version whose backfill runs (or waits for approval) counts
beside those in force and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from catalog.rules.terms import MetricTerms
from metering.rules.aggregate import Reading, readings
from metering.rules.filters import passes
from metering.rules.readers import Read, Reader, Slots
from monetization.values.errors import Invalid
from monetization.values.periods import Period

NOTHING: tuple[datetime, list[Reader]] = (datetime.max.replace(tzinfo=UTC), [])
ByType = dict[str, list[tuple[Reader, Period]]]
Readings = list[tuple[MetricTerms, Reading]]


class Book:
    """All metric versions of one environment with their stretches in force, by the event type that they read."""

    def __init__(
        self, versions: Iterable[tuple[MetricTerms, Period]], backfilling: Iterable[tuple[MetricTerms, Period]] = ()
    ) -> None:
        self.slots = Slots()
        self._by_type = _by_type(versions, self.slots)
        self._backfilling = _by_type(backfilling, self.slots)
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
        readers = self.readers(event_type, time)
        found = readers[0].read(data) if readers else []
        if len(readers) > 1:
            for reader in readers[1:]:
                found += reader.read(data)
        if self._backfilling:
            for reader, period in self._backfilling.get(event_type, ()):
                if time in period:
                    with suppress(Invalid):
                        found += reader.read(data)
        return found

    def readings(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> Readings:
        """Read what an event adds to each metric that counts it; raises what ``aggregate.readings`` raises."""
        found = [(metric, each) for metric in self.reading(event_type, time) for each in read_by(metric, data)]
        return found + _readable(self._in_backfill(event_type, time), data)

    def counted(self, event_type: str, time: datetime, data: Mapping[str, Any]) -> Readings:
        """Read what an event that was accepted counts towards; a version that can't read it leaves it out."""
        return _readable([*self.reading(event_type, time), *self._in_backfill(event_type, time)], data)

    def _in_backfill(self, event_type: str, time: datetime) -> list[MetricTerms]:
        return [reader.metric for reader, period in self._backfilling.get(event_type, ()) if time in period]


def read_by(metric: MetricTerms, data: Mapping[str, Any]) -> list[Reading]:
    """Read what an event of its type adds to one version: nothing where a filter leaves it out. Raises Invalid."""
    return readings(metric, data) if all(passes(each, data) for each in metric.filters) else []


def _by_type(versions: Iterable[tuple[MetricTerms, Period]], slots: Slots) -> ByType:
    found: ByType = {}
    for metric, period in versions:
        found.setdefault(metric.event_type, []).append((Reader(metric, slots), period))
    return found


def _readable(metrics: Iterable[MetricTerms], data: Mapping[str, Any]) -> Readings:
    found: Readings = []
    for metric in metrics:
        with suppress(Invalid):
            found += [(metric, reading) for reading in read_by(metric, data)]
    return found


def _running(readers: list[tuple[Reader, Period]]) -> tuple[datetime, list[Reader]]:
    """Give the readers that are in force for ever from the last change on, and when that is: the usual case."""
    changes = [at for _, period in readers for at in (period.starts_at, period.ends_at) if at is not None]
    return max(changes), [reader for reader, period in readers if period.ends_at is None]


def hour_of(time: datetime) -> datetime:
    """Give the start of the UTC hour."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
