"""Which keys of a batch stand in the table already, within the window of repeats: in other months, or in their own.

A key may stand in its own month without anybody looking: the leaf's unique key refuses it. In the months around only
a look tells, and what two writers of one moment write into two months the sweep finds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from django.db import connection

from metering.rules.envelope import REPEAT_DAYS, Kept
from metering.rules.states import MICROSECOND
from metering.stores.events import Key

SPREAD = 6  # months in one batch; more are looked through without naming each
# Thousands of keys travel as one long text for each source: arrays cost more to write than the probe itself, and a
# list of ids is looked up in one pass over the index. Times come only where the window must still be asked.
KNOWN = """
SELECT k.source, e.event_id, CASE WHEN e."time" >= %(sure_from)s AND e."time" <= %(sure_to)s THEN NULL ELSE e."time" END
FROM unnest(%(sources)s::text[], %(ids)s::text[]) k(source, ids), LATERAL (
  SELECT e.event_id, e."time" FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = k.source
    AND e.event_id = ANY(string_to_array(k.ids, E'\n')) AND e.revision = 0 AND {there}
  OFFSET 0
) e
"""
THERE = '(e."time" >= %(low_{n})s AND e."time" < %(high_{n})s)'
KEPT = """
SELECT k.source, e.event_id, e.seq, e.digest, e.is_time_given,
       CASE WHEN NOT %(timed)s AND e.is_time_given AND e."time" >= %(sure_from)s AND e."time" <= %(sure_to)s
            THEN NULL ELSE e."time" END
FROM unnest(%(sources)s::text[], %(ids)s::text[]) k(source, ids), LATERAL (
  SELECT e.event_id, e.seq, e.digest, e.is_time_given, e."time" FROM metering_event e
  WHERE e.environment_id = %(environment)s AND e.source = k.source
    AND e.event_id = ANY(string_to_array(k.ids, E'\n')) AND e.revision = 0
    AND e."time" >= %(low)s AND e."time" <= %(high)s
  OFFSET 0
) e
ORDER BY e.seq DESC
"""


class Placed(Protocol):
    """What must be known of an event before its row is made."""

    @property
    def key(self) -> Key: ...
    @property
    def time(self) -> datetime: ...


Event = TypeVar("Event", bound=Placed)
Month = tuple[int, int]
key_of = attrgetter("key")


def by_month(events: Sequence[Event]) -> dict[Month, Sequence[Event]]:
    """Group by month, in which a batch seldom differs."""
    times = [each.time for each in events]
    first, last = min(times), max(times)
    if (first.year, first.month) == (last.year, last.month):
        return {(first.year, first.month): events}
    found: dict[Month, list[Event]] = defaultdict(list)
    for each in events:
        found[each.time.year, each.time.month].append(each)
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Probe(Generic[Event]):
    """Events whose keys may stand in some half-open spans of time: constants, so that no other partition is opened."""

    events: Sequence[Event]
    spans: Sequence[tuple[datetime, datetime]]


def keys_at(environment_id: int, probes: Iterable[Probe[Event]]) -> set[Key]:
    """Find the keys that stand there, within the window of repeats."""
    found: set[Key] = set()
    for probe in probes:
        asked: dict[str, Any] = {**texts([each.key for each in probe.events]), "environment": environment_id}
        asked |= sure([each.time for each in probe.events])
        for n, (low, high) in enumerate(probe.spans):
            asked |= {f"low_{n}": low, f"high_{n}": high}
        there = " OR ".join([THERE.format(n=n) for n in range(len(probe.spans))])
        with connection.cursor() as cursor:
            cursor.execute(KNOWN.format(there=f"({there})"), asked)
            rows = cursor.fetchall()
        if rows:
            found |= _within(probe.events, rows)
    return found


def texts(keys: Collection[Key]) -> dict[str, list[str]]:
    """Write keys as they are sent to the database."""
    sources = {source for source, _ in keys}
    if len(sources) == 1:
        ids = {source: [event_id for _, event_id in keys] for source in sources}
    else:
        ids = defaultdict(list)
        for source, event_id in keys:
            ids[source].append(event_id)
    return {"sources": list(ids), "ids": ["\n".join(each) for each in ids.values()]}


def sure(times: Collection[datetime]) -> dict[str, datetime]:
    """Say from when to when an event lies within the window of all these times."""
    return {"sure_from": max(times) - REPEAT_DAYS, "sure_to": min(times) + REPEAT_DAYS}


def _within(events: Sequence[Event], there: Iterable[tuple[str, str, datetime | None]]) -> set[Key]:
    """Leave out what stands there but lies outside an event's own window."""
    own = {each.key: each.time for each in events}
    return {
        (source, event_id)
        for source, event_id, time in there
        if time is None or abs(time - own[source, event_id]) <= REPEAT_DAYS
    }


def here(months: Mapping[Month, Sequence[Event]]) -> Iterator[Probe[Event]]:
    """Look in each event's own month."""
    for (year, month), events in months.items():
        yield Probe(events, [(datetime(year, month, 1, tzinfo=UTC), _next(year, month))])


def elsewhere(months: Mapping[Month, Sequence[Event]], *, here: bool = False) -> Iterator[Probe[Event]]:
    """Look where else an event may stand: its own partition refuses repeats by itself. `here`: look there as well."""
    times = [each.time for events in months.values() for each in events]
    low = min(times) - REPEAT_DAYS
    high = max(times) + REPEAT_DAYS + MICROSECOND  # the last instant of the window belongs to it
    if len(months) > SPREAD:
        yield Probe([each for events in months.values() for each in events], [(low, high)])
        return
    for (year, month), events in months.items():
        start, end = datetime(year, month, 1, tzinfo=UTC), _next(year, month)
        first, last = max(low, start - REPEAT_DAYS), min(high, end + REPEAT_DAYS)
        spans = [(first, last)] if here else [(first, start), (end, last)]
        if spans := [(low_, high_) for low_, high_ in spans if low_ < high_]:
            yield Probe(events, spans)


def _next(year: int, month: int) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def kept(*, environment_id: int, keys: Mapping[Key, datetime], timed: bool = True) -> dict[Key, Kept]:
    """Look up the first accepted event of each key, around the time that is given for it.

    Not `timed`: the times that were kept are asked only where a sender gave none; the key's stands for the others.
    """
    if not keys:
        return {}
    times = keys.values()
    bounds = {"low": min(times) - REPEAT_DAYS, "high": max(times) + REPEAT_DAYS}
    with connection.cursor() as cursor:
        cursor.execute(KEPT, texts(keys) | sure(times) | bounds | {"environment": environment_id, "timed": timed})
        found: dict[Key, Kept] = {}
        for source, event_id, _, digest, given, time in cursor.fetchall():  # the first comes last
            own = keys[source, event_id]
            if time is None or abs(time - own) <= REPEAT_DAYS:
                found[source, event_id] = Kept(bytes(digest), time or own, given)
        return found
