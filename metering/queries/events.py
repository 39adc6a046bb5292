"""From usage to the events behind it, and from an event to what it counted towards."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from catalog.rules.terms import Dims, MetricTerms
from metering.models import EventRemoval
from metering.queries.admission import book_of
from metering.queries.revisions import Chain, chains
from metering.rules.aggregate import Reading
from metering.rules.book import Book, Readings, hour_of
from metering.stores import postgres as store
from metering.stores.postgres import Stored
from monetization.foundation.models import Environment
from monetization.values.errors import NotFound
from monetization.values.periods import Period

After = tuple[datetime, str, str]  # time, source, id: the order of drill-down
CHUNK, LATER_CHUNK = 500, 5000
RECENT = 20_000
HOUR = timedelta(hours=1)
ORDER = 'e.time, e.source COLLATE "C", e.event_id COLLATE "C"'
PREFILTER = (
    " AND (jsonb_typeof(e.data->%(field_{n})s) IS DISTINCT FROM 'string' OR e.data->>%(field_{n})s = %(value_{n})s)"
)
BACKWARDS = 'e.time DESC, e.source COLLATE "C" DESC, e.event_id COLLATE "C" DESC'


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in the order of (time, source, id) or backwards, and where the next page starts (None: it is the last)."""

    events: tuple[Stored, ...]
    next: After | None


def events_behind(
    *,
    account_id: int,
    metric: MetricTerms,
    match: Dims,
    period: Period,
    after: After | None = None,
    limit: int = 50,
) -> EventPage:
    """List the events that count towards a metric where their dimension values include `match`."""
    found = tuple(event for event, _ in islice(matching(account_id, metric, match, period, after), limit + 1))
    more = len(found) > limit
    return EventPage(found[:limit], _place(found[limit - 1]) if more else None)


def event(*, environment: Environment, source: str, event_id: str) -> Stored:
    """Find what counts of a key: as it was first accepted, or as corrected since; else its last content.

    Raises NotFound.
    """
    return shown_of(chain(environment=environment, source=source, event_id=event_id))


def chain(*, environment: Environment, source: str, event_id: str) -> Chain:
    """Find all revisions of a key. Raises NotFound."""
    found = chains(environment_id=environment.pk, keys=[(source, event_id)]).get((source, event_id))
    if found is None:
        raise NotFound("There is no such event", field="id", fix="Check its source and id")
    return found


def shown_of(found: Chain) -> Stored:
    """Give what counts, or the last that did."""
    return found.counting or found.rows[-1]


def listed(
    *,
    environment: Environment,
    accounts: Collection[int] | None = None,
    type: str = "",
    source: str = "",
    event_id: str = "",
    before: After | None = None,
    limit: int = 50,
) -> EventPage:
    """List events, latest time first, those taken out too; `accounts` None is all of them.

    Without accounts and id only the last RECENT arrivals are looked at: no index orders all events by time.
    """
    where = ["e.environment_id = %(environment)s"]
    parameters: dict[str, Any] = {"environment": environment.pk}
    texts = {"type": type, "source": source, "event_id": event_id}
    for column, value in texts.items():
        if value:
            where.append(f"e.{column} = %({column})s")
    if accounts is not None:
        where.append("e.account_id = ANY(%(accounts)s)")
    elif not event_id:
        where.append("e.seq > (SELECT last_value FROM metering_event_seq) - %(recent)s")
    if before:
        where.append(f"({ORDER}) < (%(time)s, %(at_source)s, %(at_id)s)")
        parameters |= dict(zip(("time", "at_source", "at_id"), before, strict=True))
    parameters |= texts | {"accounts": list(accounts or ()), "recent": RECENT}
    found = store.find(" AND ".join(where), parameters, f"ORDER BY {BACKWARDS} LIMIT {limit + 1}")
    return EventPage(tuple(found[:limit]), _place(found[limit - 1]) if len(found) > limit else None)


def counted_for(environment: Environment, stored: Stored) -> Readings:
    """List what an event counts towards, by the versions in force; nothing if it was taken out since."""
    if EventRemoval.objects.filter(event_seq=stored.seq).exists():
        return []
    book = book_of(environment.pk)
    in_force = {metric.version_id for metric in book.reading(stored.type, stored.time)}
    read = book.counted(stored.type, stored.time, stored.data)
    return [(metric, reading) for metric, reading in read if metric.version_id in in_force]


def matching(
    account_id: int,
    metric: MetricTerms,
    match: Dims,
    period: Period,
    after: After | None = None,
    as_of: datetime | None = None,
) -> Iterator[tuple[Stored, list[Reading]]]:
    """Stream the events that count towards a metric where their dimension values include `match`, and what they add.

    With `as_of` it is those that counted at that instant, read by this very version whatever is in force by now.
    """
    wanted, book, size = set(match), None, CHUNK
    if as_of is not None:
        book = Book([(metric, period)])
    while True:
        chunk = store.find(*_chunk(account_id, metric, match, period, after, size, as_of))
        for each in chunk:
            book = book or book_of(each.environment_id)
            read = [r for m, r in book.counted(each.type, each.time, each.data) if m.version_id == metric.version_id]
            found = [reading for reading in read if wanted <= set(reading.dims)]
            if found:
                yield each, found
        if len(chunk) < size:
            return
        after, size = _place(chunk[-1]), LATER_CHUNK


def hour_period(stored: Stored) -> Period:
    """Give the hour whose bucket holds the event."""
    start = hour_of(stored.time)
    return Period(start, start + HOUR)


def _chunk(
    account_id: int,
    metric: MetricTerms,
    match: Dims,
    period: Period,
    after: After | None,
    size: int,
    as_of: datetime | None,
) -> tuple[str, dict[str, Any], str]:
    where = "e.account_id = %(account)s AND e.type = %(type)s AND e.time >= %(from)s AND e.time < %(to)s AND " + (
        store.COUNTED if as_of is None else store.COUNTED_AT
    )
    parameters: dict[str, Any] = {
        "as_of": as_of,
        "account": account_id,
        "type": metric.event_type,
        "from": max(period.starts_at, after[0]) if after else period.starts_at,
        "to": period.ends_at or store.FOREVER,
    }
    if after:
        where += f" AND ({ORDER}) > (%(time)s, %(source)s, %(id)s)"
        parameters |= dict(zip(("time", "source", "id"), after, strict=True))
    for n, (field, value) in enumerate(_text_fields(metric, match)):
        where += PREFILTER.format(n=n)
        parameters |= {f"field_{n}": field, f"value_{n}": value}
    return where, parameters, f"ORDER BY {ORDER} LIMIT {size}"


def _text_fields(metric: MetricTerms, match: Dims) -> list[tuple[str, str]]:
    """Give the conditions that SQL may test beforehand: a plain field's own text, nothing derived or nested."""
    plain = {d.key: d.field for d in metric.dimensions if not d.thresholds and "." not in d.field}
    return [(plain[key], value) for key, value in match if key in plain and value]


def _place(stored: Stored) -> After:
    return stored.time, stored.source, stored.event_id
