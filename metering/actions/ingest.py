"""Take a batch of events: each is counted once, or told why not, and none spoils its neighbours.

In one transaction: read the envelopes → find account, metrics and readings → write the events whose key is new →
add them to hourly usage → keep what could not be counted. What is answered as accepted is therefore stored and
counted, and what is not answered has left no trace.

Of several events with one key the first accepted stays. A repeat with the same body is a duplicate; with another
it is a conflict, kept and not counted. An event that can't be counted but was accepted before (its alias has been
moved since) is a duplicate too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.actions.counting import Used, count
from metering.actions.fold import fold, tally
from metering.actions.set_aside import Aside, set_aside
from metering.models import Quarantined
from metering.queries.admission import Arrival, Fault, admit, arrival
from metering.rules.envelope import Kept, read
from metering.stores import postgres as store
from monetization.foundation.models import ApiKey, Environment, User
from monetization.values.errors import Invalid

ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"
QUARANTINED, REJECTED = "quarantined", "rejected"
SAME_ID = Fault(Quarantined.Reason.CONFLICT, "id", "This id was sent before with another content")


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one event; `reason` is a code, `detail` a sentence, `field` where it lies."""

    status: str
    id: str = ""
    source: str = ""
    reason: str = ""
    field: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The items in the order in which they were sent."""

    items: tuple[Item, ...]

    def count(self, status: str) -> int:
        return sum(item.status == status for item in self.items)

    @property
    def accepted(self) -> int:
        return self.count(ACCEPTED)

    @property
    def duplicates(self) -> int:
        return self.count(DUPLICATE)

    @property
    def conflicts(self) -> int:
        return self.count(CONFLICT)

    @property
    def quarantined(self) -> int:
        return self.count(QUARANTINED)

    @property
    def rejected(self) -> int:
        return self.count(REJECTED)


@transaction.atomic
def ingest(*, environment: Environment, events: Sequence[Any], by: ApiKey | User | None, at: datetime) -> Receipt:
    """Take decoded JSON items (numbers int or Decimal) that arrived now; never fails for a bad item.

    An item that could not be decoded comes as the `Invalid` that says why, so that it has its place in the answer.
    """
    return take(environment=environment, events=[(each, at) for each in events], by=by, at=at)


@transaction.atomic
def take(
    *, environment: Environment, events: Sequence[tuple[Any, datetime]], by: ApiKey | User | None, at: datetime
) -> Receipt:
    """Take items with the instants at which they first arrived, which is the time of those that give none."""
    store.enter()
    items: dict[int, Item] = {}
    arrivals = list(_readable(events, items))
    admit(environment_id=environment.pk, arrivals=arrivals, at=at)
    sound = [each for each in arrivals if each.fault is None]
    accepted, known = _write(environment, sound, at)
    known |= _repeats_of_unsound(environment, arrivals)
    buckets = tally((each.account_id, each.time, each.readings) for each in accepted)
    fold(buckets=buckets, at=at)
    count(environment_id=environment.pk, read=map(_used, accepted), at=at)
    taken = {each.number for each in accepted}
    for each in arrivals:
        items[each.number] = _verdict(each, each.number in taken, known.get(each.key))
    _keep_aside(environment, events, arrivals, items, by, at)
    return Receipt(tuple(items[number] for number in range(len(events))))


def _readable(events: Sequence[tuple[Any, datetime]], items: dict[int, Item]) -> Iterable[Arrival]:
    for number, (item, arrived_at) in enumerate(events):
        try:
            if isinstance(item, Invalid):  # the edge could not even decode it
                raise item
            yield arrival(number, read(item), arrived_at)
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


def _write(environment: Environment, sound: list[Arrival], at: datetime) -> tuple[list[Arrival], dict[store.Key, Kept]]:
    """Write the first arrival of each key; return those written, and what is kept under the repeated keys."""
    first: dict[store.Key, Arrival] = {}
    for each in sound:
        first.setdefault(each.key, each)
    written = store.add(environment_id=environment.pk, rows=[_row(each) for each in first.values()], at=at)
    accepted = [each for key, each in first.items() if key in written]
    repeated = {key: each.time for key, each in first.items() if key not in written}
    known = store.kept(environment_id=environment.pk, keys=repeated)
    if len(first) < len(sound):
        known |= {each.key: _kept(each) for each in accepted}
    return accepted, known


def _repeats_of_unsound(environment: Environment, arrivals: list[Arrival]) -> dict[store.Key, Kept]:
    unsound = {each.key: each.time for each in arrivals if each.fault is not None}
    return store.kept(environment_id=environment.pk, keys=unsound)


def _row(each: Arrival) -> store.Row:
    event = each.event
    return store.Row(
        each.account_id, event.source, event.id, event.type, event.subject,
        each.time, event.time is not None, event.text, each.digest,
    )  # fmt: skip


def _used(each: Arrival) -> Used:
    return each.account_id, each.time, each.event.source, each.event.id, each.readings


def _kept(each: Arrival) -> Kept:
    return Kept(each.digest, each.time, each.event.time is not None)


def _verdict(each: Arrival, is_accepted: bool, known: Kept | None) -> Item:
    if is_accepted:
        return Item(ACCEPTED, each.event.id, each.event.source)
    if known is not None and known.is_repeated_by(each.event):
        return Item(DUPLICATE, each.event.id, each.event.source)
    fault = each.fault or SAME_ID
    status = QUARANTINED if each.fault else CONFLICT
    return Item(status, each.event.id, each.event.source, str(fault.reason), fault.field, fault.detail)


def _keep_aside(
    environment: Environment,
    events: Sequence[tuple[Any, datetime]],
    arrivals: list[Arrival],
    items: dict[int, Item],
    by: ApiKey | User | None,
    at: datetime,
) -> None:
    asides = [
        Aside(each.event, events[each.number][0], each.fault or SAME_ID)
        for each in arrivals
        if items[each.number].status in (QUARANTINED, CONFLICT)
    ]
    key = by if isinstance(by, ApiKey) else None
    set_aside(environment=environment, asides=asides, received_with=key, at=at)
