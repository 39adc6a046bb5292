"""Take a batch of events: each is counted once, or told why not, and none spoils its neighbours.

In one transaction: read the envelopes → find account, metrics and readings → write the events whose key is new →
add them to hourly usage → keep what could not be counted. What is answered as accepted is therefore stored and
counted, and what is not answered has left no trace.

Of several events with one key the first accepted stays. A repeat with the same body is a duplicate; with another
it is a conflict, kept and not counted. An event that can't be counted but was accepted before (its alias has been
moved since) is a duplicate too.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import repeat
from typing import Any

from django.db import transaction

from metering.actions.counting import Used, count
from metering.actions.fold import fold
from metering.actions.health import note
from metering.actions.set_aside import Aside, set_aside
from metering.models import Quarantined
from metering.queries.admission import Arrival, Fault, arrival, read_data, receive
from metering.rules.aggregate import Reading
from metering.rules.book import Book
from metering.rules.buckets import Buckets
from metering.rules.envelope import Incoming, Kept, body_digest, body_of, read
from metering.rules.receipts import ACCEPTED, CONFLICT, DUPLICATE, QUARANTINED, REJECTED, Item, Receipt
from metering.stores import keys
from metering.stores import postgres as store
from metering.stores.gone import dropped_months
from monetization.foundation.models import ApiKey, Environment, User
from monetization.values.errors import Invalid

__all__ = [
    "ACCEPTED", "CONFLICT", "DUPLICATE", "QUARANTINED", "REJECTED", "SAME_ID", "Item", "Receipt", "ingest", "take",
]  # fmt: skip
SAME_ID = Fault(Quarantined.Reason.CONFLICT, "id", "This id was sent before with another content")


@transaction.atomic
def ingest(*, environment: Environment, events: Sequence[Any], by: ApiKey | User | None, at: datetime) -> Receipt:
    """Take items that arrived now; never fails for a bad one.

    An item is decoded JSON (numbers int or Decimal), an `Incoming` that was read already, or the `Invalid` that says
    why it could not be decoded, so that it has its place in the answer.
    """
    return _take(environment, events, [at] * len(events), by, at)


@transaction.atomic
def take(
    *, environment: Environment, events: Sequence[tuple[Any, datetime]], by: ApiKey | User | None, at: datetime
) -> Receipt:
    """Take items with the instants at which they first arrived, which is the time of those that give none."""
    return _take(environment, [item for item, _ in events], [then for _, then in events], by, at)


def _take(
    environment: Environment, events: Sequence[Any], arrived: Sequence[datetime], by: ApiKey | User | None, at: datetime
) -> Receipt:
    store.enter()
    items: list[Item | None] = [None] * len(events)
    arrivals = list(_readable(events, arrived, items))
    dropped = dropped_months()
    book = receive(environment_id=environment.pk, arrivals=arrivals, dropped=dropped, at=at)
    if dropped or len({each.key for each in arrivals}) < len(arrivals):
        for each in arrivals:  # which of them is written depends on whether it can be read
            read_data(each, book)
    gone = _repeats_of_dropped(environment, arrivals, dropped) if dropped else {}
    accepted, known, buckets = _write(environment, [each for each in arrivals if each.key not in gone], book, at)
    known |= gone
    for each, item in zip(accepted, _accepted([each.event for each in accepted]), strict=True):
        items[each.number] = item
    fold(buckets=buckets, at=at)
    count(
        environment_id=environment.pk, accounts=buckets.accounts(), metrics=buckets.metrics(),
        read=(_used(each, book) for each in accepted), at=at,
    )  # fmt: skip
    told = (_told(each, known, book, events, items) for each in arrivals if items[each.number] is None)
    asides = [aside for found in told for aside in found]
    set_aside(environment=environment, asides=asides, received_with=by if isinstance(by, ApiKey) else None, at=at)
    receipt = Receipt(tuple(filter(None, items)))
    note(environment=environment, receipt=receipt, times=[each.time for each in accepted], at=at)
    return receipt


def _accepted(events: Sequence[Incoming]) -> Iterable[Item]:
    return map(Item, repeat(ACCEPTED), [event.id for event in events], [event.source for event in events])


def _repeats_of_dropped(
    environment: Environment, arrivals: Sequence[Arrival], months: frozenset[date]
) -> dict[store.Key, Kept]:
    """Find those whose key a dropped event had: whatever else is wrong with them, they are no newcomers."""
    times = {each.key: each.time for each in arrivals}
    gone = keys.dropped(environment_id=environment.pk, keys=times, months=months)
    for each in arrivals:
        if each.key in gone:
            each.fault = None
    return gone


def _readable(events: Sequence[Any], arrived: Sequence[datetime], items: list[Item | None]) -> Iterable[Arrival]:
    for number, item in enumerate(events):
        try:
            if isinstance(item, Invalid):  # the edge could not even decode it
                raise item
            event = item if isinstance(item, Incoming) else read(item)
            yield arrival(number, event, arrived[number])
        except Invalid as error:
            items[number] = _rejected(item, error)


def _rejected(item: Any, error: Invalid) -> Item:
    known = item if isinstance(item, dict) else {}
    id_, source = (known.get(name) for name in ("id", "source"))
    return Item(
        REJECTED,
        id=id_[:200] if isinstance(id_, str) else "",
        source=source[:200] if isinstance(source, str) else "",
        reason=error.code,
        field=error.field or "event",
        detail=f"{error.message}. {error.fix}" if error.fix else error.message,
    )


class _Rows:
    """Makes rows of arrivals as they are written: each is read and taken into its buckets only then."""

    def __init__(self, book: Book) -> None:
        self._book, self._taken, self.buckets = book, 0, Buckets(book.slots)
        self._take = self.buckets.take

    def row(self, each: Arrival) -> store.Row | None:
        """Make the row of an arrival, or none where it has a fault."""
        if not each.is_read:
            read_data(each, self._book)
        if each.fault is not None:
            return None
        self._taken += 1
        self._take(each.account_id, each.time, each.key, each.reads)
        event, when = each.event, each.when
        return store.Row(
            each.account_id, event.source, event.id, event.type, event.subject,
            each.time, event.time is not None, event.text, body_digest(event, when), when,
        )  # fmt: skip

    def of(self, accepted: Sequence[Arrival]) -> Buckets:
        """Give the buckets of those that were written, which are seldom others than were tried."""
        if self._taken == len(accepted):
            return self.buckets
        buckets = Buckets(self._book.slots)
        for each in accepted:
            buckets.take(each.account_id, each.time, each.key, each.reads)
        return buckets


def _write(
    environment: Environment, arrivals: Sequence[Arrival], book: Book, at: datetime
) -> tuple[list[Arrival], dict[store.Key, Kept], Buckets]:
    """Write the first arrival of each key; return those written, what is kept under the repeated keys, and usage."""
    first: dict[store.Key, Arrival] = {}
    repeated: dict[store.Key, datetime] = {}
    for each in arrivals:
        if each.fault is not None:
            repeated.setdefault(each.key, each.time)  # it may have been accepted before
        elif first.setdefault(each.key, each) is not each:
            repeated[each.key] = first[each.key].time
    rows = _Rows(book)
    known = store.add(environment_id=environment.pk, rows=list(first.values()), at=at, row_of=rows.row)
    repeated |= {key: first[key].time for key in known}
    accepted = []
    for each in first.values():
        if each.fault is not None:
            repeated.setdefault(each.key, each.time)
        elif each.key not in known:
            accepted.append(each)
    timed = any(each.event.time is None for each in arrivals)
    return accepted, store.kept(environment_id=environment.pk, keys=repeated, timed=timed), rows.of(accepted)


def _used(each: Arrival, book: Book) -> Used:
    """Give what limits count: readings of the versions in force, none of a draft that a backfill makes ready."""
    in_force = {metric.version_id for metric in book.reading(each.event.type, each.time)}
    read = [(book.slots.known[slot], Decimal(quantity)) for slot, quantity, _ in each.reads]
    readings = [(slot.metric, Reading(slot.dims, n)) for slot, n in read if slot.metric.version_id in in_force]
    return each.account_id, each.time, each.event.source, each.event.id, readings


def _told(
    each: Arrival, known: dict[store.Key, Kept], book: Book, events: Sequence[Any], items: list[Item | None]
) -> Iterable[Aside]:
    """Say what became of an event that was not written; give what must be kept aside."""
    kept, event = known.get(each.key), each.event
    if kept is not None and kept.is_repeated_by(event):
        items[each.number] = Item(DUPLICATE, event.id, event.source)
        return
    read_data(each, book)
    fault = each.fault or SAME_ID
    status = QUARANTINED if each.fault else CONFLICT
    items[each.number] = Item(status, event.id, event.source, str(fault.reason), fault.field, fault.detail)
    sent = events[each.number]
    yield Aside(event, body_of(event) if isinstance(sent, Incoming) else sent, fault)
