"""Can an event be counted, for whom, and what does it add? Asked for a whole batch in a few queries.

Too late is only a time before the start of the account's first contract. An account without any approved
contract takes every time, so usage may be sent before the paper is signed; what lies before a contract that is
approved later stays counted and is never billed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min

from catalog.models import Contract
from catalog.queries import metric_versions_for
from metering.models import Quarantined
from metering.queries.backfills import backfilling
from metering.rules.book import Book, Readings
from metering.rules.envelope import Incoming, written
from metering.rules.fields import Missing
from monetization.foundation.queries import accounts_by_subject
from monetization.values.errors import Invalid
from monetization.values.periods import local_midnight

AHEAD = timedelta(minutes=5)
Reason = Quarantined.Reason


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event can't be counted now."""

    reason: str
    field: str
    detail: str


@dataclass(slots=True)
class Arrival:
    """An event of a batch on its way in; `number` is its place there, `time` its own or that of its arrival."""

    number: int
    event: Incoming
    time: datetime
    digest: bytes
    account_id: int = 0
    readings: Readings = field(default_factory=list)
    fault: Fault | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.event.source, self.event.id


def arrival(number: int, event: Incoming, arrived_at: datetime) -> Arrival:
    """Give the event its time and digest."""
    time = event.time or arrived_at
    return Arrival(number, event, time, event.digest(time))


def book_of(environment_id: int) -> Book:
    """Collect the environment's approved metric versions, beside them those that a backfill makes ready."""
    versions = ((dated.terms, dated.period) for dated in metric_versions_for(environment_id))
    return Book(versions, backfilling(environment_id))


def admit(*, environment_id: int, arrivals: Sequence[Arrival], at: datetime) -> None:
    """Fill in each arrival's account and readings, or its fault."""
    accounts = accounts_by_subject(environment_id, {(a.event.subject, a.time) for a in arrivals})
    starts, book = first_days(accounts.values()), book_of(environment_id)
    for each in arrivals:
        each.account_id = accounts.get((each.event.subject, each.time), 0)
        each.fault = _time_fault(each, starts, at) or _fill(each, book)


def first_days(account_ids: Iterable[int]) -> dict[int, datetime]:
    """Map accounts to the first instant of their first approved contract; those without one are left out."""
    rows = (
        Contract.objects.filter(account__in=set(account_ids), status="APPROVED")
        .values_list("account_id", "account__time_zone")
        .annotate(Min("start_date"))
        .order_by()
    )
    return {account_id: local_midnight(day, zone) for account_id, zone, day in rows}


def _time_fault(each: Arrival, starts: dict[int, datetime], at: datetime) -> Fault | None:
    if each.time > at + AHEAD:
        ahead = f"{written(each.time)} is more than 5 minutes ahead of {written(at)}"
        return Fault(Reason.TOO_FAR_AHEAD, "time", ahead)
    if not each.account_id:
        detail = f"No account is called “{each.event.subject}” at {written(each.time)}"
        return Fault(Reason.UNKNOWN_ACCOUNT, "subject", detail)
    start = starts.get(each.account_id)
    if start is not None and each.time < start:
        return Fault(Reason.TOO_LATE, "time", f"The account's first contract starts {written(start)}")
    return None


def _fill(each: Arrival, book: Book) -> Fault | None:
    event = each.event
    if not book.reading(event.type, each.time):
        when = " at this time" if book.knows(event.type) else ""
        return Fault(Reason.UNKNOWN_TYPE, "type", f"No metric reads “{event.type}”{when}")
    try:
        each.readings = book.readings(event.type, each.time, event.data)
    except Invalid as error:
        kind = Reason.MISSING_FIELD if isinstance(error, Missing) else Reason.INVALID_FIELD
        return Fault(kind, (error.field or "data")[:120], error.message[:300])
    return None
