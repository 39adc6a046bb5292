"""From usage to the events behind it, and from an event to what it counted towards."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, islice

from catalog.rules.terms import Dims, MetricTerms
from metering.models import EventRemoval, HourlyUsage
from metering.queries.admission import book_of
from metering.queries.revisions import Chain, chains
from metering.rules.aggregate import Reading
from metering.rules.book import Book, Readings, hour_of
from metering.stores import postgres as store
from metering.stores.postgres import Place, Select, Stored
from monetization.foundation.models import Environment
from monetization.values.errors import NotFound
from monetization.values.periods import Period

After = Place
AT_ONCE = 2_000  # events of one statement of a drill-down, about
RECENT = 20_000
HOUR = timedelta(hours=1)


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
    stretches = _stretches(account_id, metric, period, after)
    of = _of(account_id, metric, match)
    selects = (replace(of, spans=(span,), after=after) for span in stretches)
    counting = (event for each in selects for event, _ in _matching(each, metric, match))
    found = tuple(islice(counting, limit + 1))
    return EventPage(found[:limit], found[limit - 1].place if len(found) > limit else None)


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
    select = Select(
        environment_id=environment.pk, accounts=accounts, types=[type] if type else None, source=source,
        event_id=event_id, before=before, newest=True, limit=limit + 1,
        recent=RECENT if accounts is None and not event_id else None,
    )  # fmt: skip
    found = tuple(store.asked(select))
    return EventPage(found[:limit], found[limit - 1].place if len(found) > limit else None)


def counted_for(environment: Environment, stored: Stored) -> Readings:
    """List what an event counts towards, by the versions in force; nothing if it was taken out since."""
    if EventRemoval.objects.filter(event_seq=stored.seq).exists():
        return []
    book = book_of(environment.pk)
    in_force = {metric.version_id for metric in book.reading(stored.type, stored.time)}
    read = book.counted(stored.type, stored.time, stored.data)
    return [(metric, reading) for metric, reading in read if metric.version_id in in_force]


def matching(
    account_id: int, metric: MetricTerms, match: Dims, period: Period, as_of: datetime | None = None
) -> Iterator[tuple[Stored, list[Reading]]]:
    """Stream the events that count towards a metric where their dimension values include `match`, and what they add.

    With `as_of` those that counted at that instant, read by this very version whatever is in force by now. Nothing but
    the events is asked, so it proves what usage says.
    """
    span = (period.starts_at, period.ends_at or store.FOREVER)
    select = replace(_of(account_id, metric, match), spans=(span,), as_of=as_of, streamed=True)
    return _matching(select, metric, match, Book([(metric, period)]) if as_of is not None else None)


def _matching(
    select: Select, metric: MetricTerms, match: Dims, book: Book | None = None
) -> Iterator[tuple[Stored, list[Reading]]]:
    wanted = set(match)
    for each in store.asked(select):
        book = book or book_of(each.environment_id)
        read = [r for m, r in book.counted(each.type, each.time, each.data) if m.version_id == metric.version_id]
        found = [reading for reading in read if wanted <= set(reading.dims)]
        if found:
            yield each, found


def hour_period(stored: Stored) -> Period:
    """Give the hour whose bucket holds the event."""
    start = hour_of(stored.time)
    return Period(start, start + HOUR)


def _of(account_id: int, metric: MetricTerms, match: Dims) -> Select:
    return Select(
        accounts=[account_id], types=[metric.event_type], texts=_text_fields(metric, match), counted=True
    )  # fmt: skip


def _stretches(
    account_id: int, metric: MetricTerms, period: Period, after: After | None
) -> Iterator[tuple[datetime, datetime]]:
    """Give stretches of time in which the metric's usage says that there are events, each not too large to read.

    Months that still take events have no tree by account; usage knows which hours are worth opening.
    """
    start = max(period.starts_at, after[0]) if after else period.starts_at
    end = period.ends_at or store.FOREVER
    hours = HourlyUsage.objects.filter(account=account_id, metric_version=metric.version_id, events__gt=0)
    rows = hours.filter(hour__gte=hour_of(start), hour__lt=end).order_by("hour").values_list("hour", "events")
    first, last, events = None, start, 0
    for hour, mine in groupby(rows.iterator(), key=lambda row: row[0]):
        count = sum(row[1] for row in mine)
        if first is not None and (events + count > AT_ONCE or hour > last):
            yield max(first, start), min(last, end)
            first, events = None, 0
        first, last, events = first or hour, hour + HOUR, events + count
    if first is not None:
        yield max(first, start), min(last, end)


def _text_fields(metric: MetricTerms, match: Dims) -> tuple[tuple[str, str], ...]:
    """Give the conditions that SQL may test beforehand: a plain field's own text, nothing derived or nested."""
    plain = {d.key: d.field for d in metric.dimensions if not d.thresholds and "." not in d.field}
    return tuple((plain[key], value) for key, value in match if key in plain and value)
