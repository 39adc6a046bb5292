"""Take events that no longer count out of usage: the sweep and corrections do it the same way.

A version whose backfill is at work may not have added an event yet. Such an event is not taken out of it, and the
backfill will pass it by, because it reads only what counts; both hold the backfill's row while they look.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from metering.actions.fold import Bucket, tally, unfold
from metering.queries.admission import book_of
from metering.queries.backfills import Span, not_yet_added
from metering.rules.aggregate import Tally
from metering.rules.book import Book, Readings
from metering.stores.postgres import Stored


def take_out(*, environment_id: int, events: Sequence[Stored], at: datetime) -> None:
    """Correct usage for events whose removal was written in this transaction, which holds the SweepMark's row."""
    unfold(buckets=tallied(environment_id=environment_id, events=events), at=at)


def tallied(*, environment_id: int, events: Sequence[Stored]) -> dict[Bucket, Tally]:
    """Add up what stored events count towards now; locks the backfills that are at work."""
    ahead, book = not_yet_added(environment_id), book_of(environment_id)
    return tally((each.account_id, each.time, _counted(book, each, ahead)) for each in events)


def _counted(book: Book, event: Stored, ahead: Mapping[int, Span]) -> Readings:
    read = book.counted(event.type, event.time, event.data)
    return [(metric, reading) for metric, reading in read if not _is_ahead(event.seq, ahead.get(metric.version_id))]


def _is_ahead(seq: int, span: Span | None) -> bool:
    return span is not None and span[0] < seq <= span[1]
