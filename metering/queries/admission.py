"""Can an event be counted, for whom, and what does it add? Asked for a whole batch in a few queries.

Too late is only a time before the start of the account's first contract. An account without any approved
contract takes every time, so usage may be sent before the paper is signed; what lies before a contract that is
approved later stays counted and is never billed.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from django.db import connection

from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms
from metering.models import Quarantined
from metering.queries.backfills import backfilling
from metering.rules.book import Book
from metering.rules.envelope import Incoming, body_digest, written
from metering.rules.fields import Missing
from metering.rules.readers import Read
from metering.stores.gone import is_dropped
from monetization.foundation.queries import accounts_named
from monetization.values.errors import Invalid
from monetization.values.periods import Period, local_midnight

FIRST_DAYS = """
SELECT c.account_id, a.time_zone, min(c.start_date)
FROM catalog_contract c JOIN foundation_account a ON a.id = c.account_id
WHERE c.account_id = ANY(%s::bigint[]) AND c.status = 'APPROVED' GROUP BY 1, 2
"""
AHEAD = timedelta(minutes=5)
Reason = Quarantined.Reason
NOT_KEPT = "Events of {:%B %Y} are not kept any more (retention policy), so none can be added"
Dated = list[tuple[MetricTerms, Period]]
_books: dict[int, tuple[tuple[Dated, Dated], Book]] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event can't be counted now."""

    reason: str
    field: str
    detail: str


class Arrival(msgspec.Struct, gc=False):
    """An event of a batch on its way in; `number` is its place there, `time` its own or that of its arrival."""

    number: int
    event: Incoming
    time: datetime
    when: str
    key: tuple[str, str]
    account_id: int = 0
    reads: Sequence[Read] = ()
    fault: Fault | None = None
    is_read: bool = False

    @property
    def digest(self) -> bytes:
        """Give the digest of its body."""
        return body_digest(self.event, self.when)


def arrival(number: int, event: Incoming, arrived_at: datetime) -> Arrival:
    """Give the event its time."""
    if event.time is not None:
        return Arrival(number, event, event.time, event.when, (event.source, event.id))
    return Arrival(number, event, arrived_at, written(arrived_at), event.key)


def book_of(environment_id: int) -> Book:
    """Collect the environment's approved metric versions, beside them those that a backfill makes ready.

    The book is kept while they stay the same, because it remembers the combinations of dimension values that it met.
    """
    versions = [(each.terms, each.period) for each in metric_versions_for(environment_id)]
    ready = backfilling(environment_id)
    known = _books.get(environment_id)
    if known is None or known[0] != (versions, ready) or known[1].slots.is_full:
        known = _books[environment_id] = ((versions, ready), Book(versions, ready))
    return known[1]


def admit(*, environment_id: int, arrivals: Sequence[Arrival], dropped: Collection[date] = (), at: datetime) -> Book:
    """Fill in each arrival's account and readings, or its fault; the book says what the readings' slots are.

    `dropped` are the months whose events are not kept any more.
    """
    book = receive(environment_id=environment_id, arrivals=arrivals, dropped=dropped, at=at)
    for each in arrivals:
        read_data(each, book)
    return book


def receive(*, environment_id: int, arrivals: Sequence[Arrival], dropped: Collection[date] = (), at: datetime) -> Book:
    """Fill in each arrival's account, or what is wrong with its time, account or type; `read_data` does the rest."""
    accounts = accounts_named(environment_id, {each.event.subject for each in arrivals})
    starts, book = first_days(accounts.ids()), book_of(environment_id)
    by_key, latest, readers = accounts.by_key, at + AHEAD, book.readers
    for each in arrivals:
        event, time = each.event, each.time
        account_id = each.account_id = by_key.get(event.subject) or accounts.of_alias(event.subject, time)
        if time > latest or not account_id or account_id in starts:
            each.fault = _time_fault(each, starts, at)
        if dropped and each.fault is None and is_dropped(time, dropped):
            each.fault = Fault(Reason.TOO_LATE, "time", NOT_KEPT.format(time))
        if each.fault is None and not readers(event.type, time):
            when = " at this time" if book.knows(event.type) else ""
            each.fault = Fault(Reason.UNKNOWN_TYPE, "type", f"No metric reads “{event.type}”{when}")
    return book


def read_data(each: Arrival, book: Book) -> None:
    """Fill in what an arrival without a fault adds, or its fault; once."""
    if each.is_read or each.fault is not None:
        return
    each.is_read = True
    try:
        each.reads = book.reads(each.event.type, each.time, each.event.data)
    except Invalid as error:
        kind = Reason.MISSING_FIELD if isinstance(error, Missing) else Reason.INVALID_FIELD
        each.fault = Fault(kind, (error.field or "data")[:120], error.message[:300])


def first_days(account_ids: Iterable[int]) -> dict[int, datetime]:
    """Map accounts to the first instant of their first approved contract; those without one are left out."""
    with connection.cursor() as cursor:
        cursor.execute(FIRST_DAYS, [f"{{{','.join(map(str, set(account_ids)))}}}"])  # thousands, as one text
        return {account_id: local_midnight(day, zone) for account_id, zone, day in cursor.fetchall()}


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
