"""Events accepted before they are read: a durable row for each request, folded later in the order in which they came.

`accept` costs one COPY of one row; what it answers is safe. `fold_some` claims rows (SKIP LOCKED, so several folders
share the work), reads their bodies and takes the events in one transaction with the note that they are folded: whoever
is killed in between leaves the rows waiting. A body that can't be read is FAILED and says why; one that makes the fold
itself fail is taken alone, so that it holds up no other.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Min, Sum

from metering.actions.ingest import take
from metering.models import Inbox
from metering.rules.receipts import ACCEPTED, Item, Receipt
from metering.stores import bodies
from monetization.foundation.models import ApiKey, Environment
from monetization.values.errors import Invalid

log = logging.getLogger(__name__)
AT_ONCE_ROWS, AT_ONCE_BYTES = 40, 4_000_000
UNPACKED = 8  # times as large is what was sent as gzip, about
BODIES_KEPT, RECEIPTS_KEPT = timedelta(days=3), timedelta(days=35)
FORGOTTEN_AT_ONCE = 1_000
Read = Callable[[Inbox], list[Any]]  # gives a row's items, raises Invalid where nothing of it can be read
Status = Inbox.Status
TOLD = [
    "status", "folded_at", "accepted", "duplicates", "conflicts", "quarantined", "rejected", "outcome",
]  # fmt: skip
# Not the body's fault: tried again. COPY raises psycopg's own errors, past Django.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body as it came, and what is needed to read it."""

    content: bytes
    media_type: str
    encoding: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: since when, how many bodies and bytes."""

    since: datetime | None
    rows: int
    size: int

    def age(self, at: datetime) -> timedelta:
        """Say how long the oldest has waited."""
        return max(at - self.since, timedelta()) if self.since else timedelta()


@transaction.atomic
def accept(*, environment: Environment, key: ApiKey | None, body: Body, at: datetime) -> Inbox:
    """Keep a body to be folded later; gives its row, without its number."""
    row = Inbox(
        environment=environment, received_with=key, received_at=at, media_type=body.media_type,
        encoding=body.encoding, attributes=dict(body.attributes), body=body.content, size=len(body.content),
    )  # fmt: skip
    bodies.keep(row)
    return row


def backlog() -> Backlog:
    """Say what waits in all environments."""
    waiting = Inbox.objects.filter(status=Status.WAITING)
    found = waiting.aggregate(since=Min("received_at"), size=Sum("size"))
    return Backlog(found["since"], waiting.count(), found["size"] or 0)


def fold_some(*, read: Read, at: datetime) -> int:
    """Fold the oldest waiting bodies, as many as make one good batch; returns how many (0: nothing waits)."""
    try:
        return _fold(read=read, rows=AT_ONCE_ROWS, at=at)
    except AWAY:
        raise
    except Exception:
        log.exception("a batch of the inbox could not be folded; its bodies are taken one by one")
        return _fold_alone(read=read, at=at)


def _fold_alone(*, read: Read, at: datetime) -> int:
    try:
        return _fold(read=read, rows=1, at=at)
    except AWAY:
        raise
    except Exception as error:
        log.exception("a body of the inbox could not be folded and is left as failed")
        return _give_up(words=f"{type(error).__name__} while it was folded", at=at)


@transaction.atomic
def _give_up(*, words: str, at: datetime) -> int:
    for row in _claimed(1):
        _failed(row, Invalid(words, field="body", fix="It is kept; tell whoever runs this installation"), at)
        row.save(update_fields=TOLD)
    return 1


@transaction.atomic
def _fold(*, read: Read, rows: int, at: datetime) -> int:
    claimed = _claimed(rows)
    taken: list[tuple[Inbox, list[Any]]] = []
    for row in claimed:
        try:
            taken.append((row, read(row)))
        except Invalid as error:
            _failed(row, error, at)
    if taken:
        _take(taken, at)
    for row in claimed:
        row.save(update_fields=TOLD)  # not the body: it would be written again
    return len(claimed)


def _claimed(rows: int) -> list[Inbox]:
    """Lock the oldest waiting rows of one key, together not too large; the rest is left to other folders."""
    waiting = Inbox.objects.select_for_update(skip_locked=True, of=("self",)).filter(status=Status.WAITING)
    waiting = waiting.select_related("environment", "received_with").defer("body").order_by("number")
    claimed = list(waiting[:1])
    for first in claimed[:1]:
        of_sender = waiting.filter(
            environment=first.environment_id, received_with=first.received_with_id, number__gt=first.number
        )
        room = AT_ONCE_BYTES - _weight(first)
        for each in of_sender[: max(0, min(rows - 1, room // max(_weight(first), 1)))]:
            room -= _weight(each)
            if room < 0:
                break
            claimed.append(each)
    sent = dict(Inbox.objects.filter(pk__in=[row.pk for row in claimed]).values_list("pk", "body"))
    for row in claimed:
        row.body = sent[row.pk]
    return claimed


def _weight(row: Inbox) -> int:
    return row.size * UNPACKED if row.encoding else row.size


def _take(taken: Sequence[tuple[Inbox, list[Any]]], at: datetime) -> None:
    """Take the events of several bodies as one batch, and tell each what became of its own."""
    first, _ = taken[0]
    events = [(item, row.received_at) for row, items in taken for item in items]
    receipt = take(environment=first.environment, events=events, by=first.received_with, at=at)
    start = 0
    for row, items in taken:
        _folded(row, Receipt(receipt.items[start : start + len(items)]), at)
        start += len(items)


def _folded(row: Inbox, receipt: Receipt, at: datetime) -> None:
    row.status, row.folded_at = Status.FOLDED, at
    row.accepted, row.duplicates, row.conflicts = receipt.accepted, receipt.duplicates, receipt.conflicts
    row.quarantined, row.rejected = receipt.quarantined, receipt.rejected
    row.outcome = [_told(place, item) for place, item in enumerate(receipt.items) if item.status != ACCEPTED]


def _told(place: int, item: Item) -> dict[str, Any]:
    return {"place": place, **msgspec.to_builtins(item)}


def _failed(row: Inbox, error: Invalid, at: datetime) -> None:
    row.status, row.folded_at = Status.FAILED, at
    detail = f"{error.message}. {error.fix}" if error.fix else error.message
    row.outcome = [{"status": "rejected", "reason": error.code, "field": error.field or "body", "detail": detail}]


@transaction.atomic
def forget(*, at: datetime) -> int:
    """Empty the bodies of what was folded some days ago, and drop old receipts; returns how many rows changed."""
    folded = Inbox.objects.filter(status=Status.FOLDED, folded_at__isnull=False)
    old = folded.filter(folded_at__lt=at - RECEIPTS_KEPT).order_by("folded_at").values("pk")[:FORGOTTEN_AT_ONCE]
    dropped, _ = Inbox.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    full = folded.filter(folded_at__lt=at - BODIES_KEPT).exclude(body=b"").order_by("folded_at")
    pks = list(full.values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
    return dropped + Inbox.objects.filter(pk__in=pks).update(body=b"")
