"""What a correction would do, worked out without writing: the same plan is previewed and carried out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metering.models import Correction
from metering.queries.admission import Arrival, admit, arrival
from metering.queries.revisions import Chain, chains, first_seqs
from metering.rules.book import Book, Readings
from metering.rules.envelope import Incoming, read
from metering.stores import postgres as store
from metering.stores.postgres import Key, Row, Stored
from monetization.foundation.models import Account, Environment
from monetization.values.errors import DomainError, Invalid, NotFound, WrongState, refuse_if
from monetization.values.periods import Period

MOST = 50_000
SHOWN = 100  # a refusal names at most so many events
Chains = Mapping[Key, Chain]
IN_RANGE = (
    "e.environment_id = %(environment)s AND e.account_id = %(account)s AND e.type = %(type)s"
    " AND e.time >= %(from)s AND e.time < %(to)s AND " + store.COUNTED
)


@dataclass(frozen=True, slots=True)
class New:
    """A content to put in, with its revision and what it adds."""

    row: Row
    revision: int
    readings: Readings


@dataclass(frozen=True, slots=True)
class Swap:
    """One key: what is taken out, what is put in; at least one of them."""

    key: Key
    old: Stored | None
    new: New | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that one correction does, in the order of the keys."""

    kind: Correction.Kind
    swaps: tuple[Swap, ...]
    account: Account | None = None
    type: str = ""
    period: Period | None = None
    undoes: Correction | None = None

    @property
    def taken_out(self) -> list[Stored]:
        return [each.old for each in self.swaps if each.old is not None]

    @property
    def put_in(self) -> list[New]:
        return [each.new for each in self.swaps if each.new is not None]


def to_amend(*, environment: Environment, bodies: Sequence[Any], at: datetime) -> Plan:
    """Plan new contents for events that count: bodies as they are sent, each with its key.

    A body without `time` keeps the event's. Raises Invalid for what could not be counted, NotFound, WrongState.
    """
    _guard_count(bodies)
    events = _read(bodies)
    _guard_once([(each.source, each.id) for each in events])
    known = chains(environment_id=environment.pk, keys=[(e.source, e.id) for e in events])
    old = [_counting(known, (each.source, each.id), f"events[{n}]") for n, each in enumerate(events)]
    arrivals = [arrival(n, each, now.time) for n, (each, now) in enumerate(zip(events, old, strict=True))]
    book = _admit(environment, arrivals, at)
    swaps = [
        Swap(each.key, now, _new(book, each, known[each.key].highest + 1, _is_given(each, now)))
        for each, now in zip(arrivals, old, strict=True)
    ]
    refuse_if(_unchanged(swaps))
    return Plan(Correction.Kind.AMEND, in_order(swaps))


def to_deprecate(*, environment: Environment, keys: Sequence[Key]) -> Plan:
    """Plan to let events count no more. Raises NotFound, WrongState."""
    _guard_count(keys)
    _guard_once(keys)
    known = chains(environment_id=environment.pk, keys=keys)
    swaps = [Swap(key, _counting(known, key, f"events[{n}]"), None) for n, key in enumerate(keys)]
    return Plan(Correction.Kind.DEPRECATE, in_order(swaps))


def to_replace(
    *, environment: Environment, account: Account, type: str, period: Period, bodies: Sequence[Any], at: datetime
) -> Plan:
    """Plan to let other events stand for all of a type that an account has in a range.

    The new ones must be of this account, type and range. A key that counts elsewhere is refused. Repeats that the
    sweep has yet to find are left to it.
    """
    _guard_range(type, period)
    events = _read(bodies)
    _guard_once([(each.source, each.id) for each in events])
    arrivals = [arrival(n, each, each.time or period.starts_at) for n, each in enumerate(events)]
    book = _admit(environment, arrivals, at)
    refuse_if(_strays(arrivals, account, type, period))
    gone = {(each.source, each.event_id): each for each in _in_range(environment, account, type, period)}
    known = chains(environment_id=environment.pk, keys=[each.key for each in arrivals])
    refuse_if(_taken(arrivals, known, gone))
    new = {each.key: _new(book, each, _revision(known.get(each.key)), True) for each in arrivals}
    swaps = [Swap(key, gone.get(key), new.get(key)) for key in gone.keys() | new.keys()]
    if not swaps:
        raise Invalid("There is nothing to replace", field="events", fix="Give events, or another range")
    return Plan(Correction.Kind.REPLACE, in_order(swaps), account, type, period)


def _counting(known: Chains, key: Key, place: str) -> Stored:
    chain = known.get(key)
    if chain is None:
        raise NotFound(f"There is no event “{key[1]}” of “{key[0]}”", field=place, fix="Check its source and id")
    if chain.counting is None:
        fix = "Undo the correction that took it out"
        raise WrongState(f"The event “{key[1]}” no longer counts", field=place, fix=fix)
    return chain.counting


def _read(bodies: Sequence[Any]) -> list[Incoming]:
    if len(bodies) > MOST:
        raise Invalid(f"At most {MOST:,} events at a time", field="events", fix="Correct them in parts")
    events, faults = [], []
    for number, body in enumerate(bodies):
        try:
            if isinstance(body, Invalid):  # the edge could not even decode it
                raise body
            events.append(read(body))
        except Invalid as error:
            place = f"events[{number}].{error.field or 'event'}"
            faults.append(Invalid(error.message, field=place, fix=error.fix))
    refuse_if(faults[:SHOWN])
    return events


def _guard_count(found: Sequence[Any]) -> None:
    if not found:
        raise Invalid("No event is named", field="events", fix="Name at least one")
    if len(found) > MOST:
        raise Invalid(f"At most {MOST:,} events at a time", field="events", fix="Correct them in parts")


def _guard_once(keys: Sequence[Key]) -> None:
    seen: set[Key] = set()
    for number, key in enumerate(keys):
        if key in seen:
            raise Invalid(f"“{key[1]}” is there twice", field=f"events[{number}].id", fix="Name each event once")
        seen.add(key)


def _guard_range(type: str, period: Period) -> None:
    if not type.strip():
        raise Invalid("type is missing", field="type", fix="Name the type of the events")
    if period.is_empty:
        raise Invalid("The end lies before the start", field="ends_at", fix="Choose a later end")


def _admit(environment: Environment, arrivals: Sequence[Arrival], at: datetime) -> Book:
    """Ask what the door asks; refuse where an event could not be counted."""
    book = admit(environment_id=environment.pk, arrivals=arrivals, at=at)
    refuse_if(
        [
            Invalid(
                each.fault.detail, field=f"events[{each.number}].{each.fault.field}", fix="Correct it, or its terms"
            )
            for each in arrivals
            if each.fault is not None
        ][:SHOWN]
    )
    return book


def _new(book: Book, each: Arrival, revision: int, is_time_given: bool) -> New:
    event = each.event
    row = Row(
        each.account_id, event.source, event.id, event.type, event.subject, each.time, is_time_given, event.text,
        each.digest, each.when,
    )  # fmt: skip
    return New(row, revision, book.readings(event.type, each.time, event.data))


def _is_given(each: Arrival, old: Stored) -> bool:
    return each.event.time is not None or old.is_time_given


def _unchanged(swaps: Sequence[Swap]) -> Iterator[DomainError]:
    for number, each in enumerate(swaps):
        if each.old and each.new and each.old.digest == each.new.row.digest:
            place = f"events[{number}]"
            yield Invalid(f"“{each.key[1]}” has this content already", field=place, fix="Change it, or leave it out")


def _strays(arrivals: Sequence[Arrival], account: Account, type: str, period: Period) -> Iterator[DomainError]:
    """Name what belongs into another range."""
    for each in arrivals:
        place = f"events[{each.number}]"
        if each.event.time is None:
            yield Invalid("time is missing", field=f"{place}.time", fix="An event of a range needs its time")
        elif each.time not in period:
            yield Invalid(
                "The time lies outside the range", field=f"{place}.time", fix="Widen the range, or leave it out"
            )
        if each.event.type != type:
            yield Invalid("This is another type", field=f"{place}.type", fix="Replace each type for itself")
        if each.account_id != account.pk:
            yield Invalid("This is another account", field=f"{place}.subject", fix="Replace each account for itself")


def _in_range(environment: Environment, account: Account, type: str, period: Period) -> list[Stored]:
    parameters = {
        "environment": environment.pk, "account": account.pk, "type": type, "from": period.starts_at,
        "to": period.ends_at or store.FOREVER,
    }  # fmt: skip
    found = store.find(IN_RANGE, parameters, f"LIMIT {MOST + 1}")
    if len(found) > MOST:
        raise Invalid(f"The range holds more than {MOST:,} events", field="ends_at", fix="Replace it in parts")
    first = first_seqs(environment_id=environment.pk, keys={(e.source, e.event_id) for e in found if not e.revision})
    return [each for each in found if each.revision or first[each.source, each.event_id] == each.seq]


def _taken(arrivals: Sequence[Arrival], known: Chains, gone: Mapping[Key, Stored]) -> Iterator[DomainError]:
    """Name keys that count outside the range."""
    for each in arrivals:
        chain = known.get(each.key)
        if chain and chain.counting and each.key not in gone:
            message = f"“{each.key[1]}” counts outside this range, at {chain.counting.time:%Y-%m-%d %H:%M:%S} UTC"
            yield Invalid(message, field=f"events[{each.number}].id", fix="Amend that event, or use another id")


def _revision(chain: Chain | None) -> int:
    return chain.highest + 1 if chain else 0


def in_order(swaps: Iterable[Swap]) -> tuple[Swap, ...]:
    """Sort by key, so that two corrections write in one order."""
    return tuple(sorted(swaps, key=lambda each: each.key))
