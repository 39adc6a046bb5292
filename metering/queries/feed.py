"""Arrivals, the latest first: events as they were accepted and, beside them, what was set aside.

Events are read by `seq`, which grows with acceptance, in stretches that widen until the page is full; so a page
reads a bounded part of the table whatever the filters say, and its end tells where to look on. An event whose
transaction took its number earlier and ended later appears in its place on the next look.

An id is found anywhere in time: by the key of each partition, as sent first, and in quarantine.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from django.db import connection

from metering.models import EventRemoval, Quarantined
from metering.stores import postgres as store
from metering.stores.postgres import Stored
from monetization.foundation.models import Account, Environment

STRETCH, WIDER, MOST = 2_000, 5, 312_000  # numbers looked through: 2,000, then 5 × as many, four times
ASIDE_MOST = 5_000
LATE = timedelta(hours=1)
PAGE = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look for; `accounts` None is all of them, `subjects` the names under which these are sent."""

    environment: Environment
    accounts: Collection[int] | None = None
    subjects: Collection[str] | None = None
    type: str = ""
    source: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look on: below a `seq` and below a row of quarantine. None: nothing lies further on."""

    seq: int | None
    aside: int | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """One arrival: an event, or a row of quarantine."""

    received_at: datetime
    event: Stored | None = None
    account: Account | None = None
    removal: EventRemoval | None = None
    aside: Quarantined | None = None

    @property
    def is_late(self) -> bool:
        return self.event is not None and self.event.received_at - self.event.time > LATE

    @property
    def number(self) -> int:
        """The number by which its kind is ordered."""
        return self.event.seq if self.event else self.aside.pk if self.aside else 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of arrivals, and where the next starts (None: there is none)."""

    rows: Sequence[Arrived]
    next: Place | None


def feed(*, asked: Asked, events: bool = True, aside: bool = True, below: Place | None = None) -> Feed:
    """List the latest arrivals, below a place if one is given; 50 at most."""
    start = below or Place(last_number() + 1, Quarantined.objects.order_by("-pk").values_list("pk", flat=True).first())
    if below is None and start.aside is not None:
        start = Place(start.seq, start.aside + 1)
    stored, deepest = _events(asked, start.seq) if events and start.seq else ([], None)
    rows = _aside(asked, start.aside) if aside and start.aside else []
    both = merge(arrived(stored), map(_set_aside, rows), key=lambda each: each.received_at, reverse=True)
    shown = list(islice(both, PAGE))
    return Feed(shown, _next(shown, stored, rows, start, deepest))


def with_id(*, asked: Asked, events: bool = True, aside: bool = True) -> Feed:
    """Find an id whenever its event happened: as accepted first under each source, and in quarantine."""
    stored = store.find(*_where(asked, "e.revision = 0", {})) if events else []
    rows = _matching(asked, Quarantined.objects.filter(environment=asked.environment)) if aside else ()
    both = merge(arrived(stored), map(_set_aside, rows), key=lambda each: each.received_at, reverse=True)
    return Feed(list(islice(both, PAGE)), None)


def arrived(stored: Sequence[Stored]) -> list[Arrived]:
    """Put an event's account and removal beside it, for all of them in two queries."""
    removals = {each.event_seq: each for each in EventRemoval.objects.filter(event_seq__in=[e.seq for e in stored])}
    accounts = Account.objects.in_bulk({each.account_id for each in stored})
    return [
        Arrived(each.received_at, event=each, account=accounts.get(each.account_id), removal=removals.get(each.seq))
        for each in stored
    ]


def last_number() -> int:
    """Give the highest `seq` that was taken so far, by whatever environment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM metering_event_seq")
        return int(cursor.fetchone()[0])


def _events(asked: Asked, below: int | None) -> tuple[list[Stored], int]:
    """Read a page and one more; return them with the lowest number looked at."""
    found: list[Stored] = []
    high, width = below or 0, STRETCH
    end = max(high - MOST, 0)
    while high > end and len(found) <= PAGE:
        low = max(high - width, end)
        part = "e.seq >= %(low)s AND e.seq < %(high)s"
        found += store.find(*_where(asked, part, {"low": low, "high": high}))
        high, width = low, width * WIDER
    return found[: PAGE + 1], high


def _where(asked: Asked, part: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any], str]:
    where = ["e.environment_id = %(environment)s", part]
    texts = {"type": asked.type, "source": asked.source, "event_id": asked.event_id}
    where += [f"e.{column} = %({column})s" for column, value in texts.items() if value]
    if asked.accounts is not None:
        where.append("e.account_id = ANY(%(accounts)s)")
    known = {"environment": asked.environment.pk, "accounts": list(asked.accounts or ())}
    return " AND ".join(where), known | texts | parameters, f"ORDER BY e.seq DESC LIMIT {PAGE + 1}"


def _aside(asked: Asked, below: int | None) -> list[Quarantined]:
    """Read open rows of quarantine below one; only the newest ASIDE_MOST are looked through."""
    rows = Quarantined.objects.filter(environment=asked.environment, status=Quarantined.Status.OPEN)
    newest = rows.filter(pk__lt=below).order_by("-pk").values("pk")[:ASIDE_MOST]
    return _matching(asked, rows.filter(pk__in=newest))


def _matching(asked: Asked, rows: Any) -> list[Quarantined]:
    texts = {"type": asked.type, "source": asked.source, "event_id": asked.event_id}
    found = rows.filter(**{name: value for name, value in texts.items() if value})
    if asked.subjects is not None:
        found = found.filter(subject__in=asked.subjects)
    return list(found.order_by("-pk")[: PAGE + 1])


def _set_aside(row: Quarantined) -> Arrived:
    return Arrived(row.received_at, aside=row)


def _next(
    shown: Sequence[Arrived], stored: Sequence[Stored], rows: Sequence[Quarantined], start: Place, deepest: int | None
) -> Place | None:
    """Say where to look on: below the last shown of each kind, or below what was looked through in vain."""
    seqs = [each.number for each in shown if each.event]
    asides = [each.number for each in shown if each.aside]
    is_read = len(seqs) == len(stored)
    seq = deepest if is_read else (seqs[-1] if seqs else start.seq)
    aside = (asides[-1] if asides else start.aside) if len(asides) < len(rows) else None
    seq = None if seq is not None and seq <= 1 else seq
    return Place(seq, aside) if seq or aside else None
