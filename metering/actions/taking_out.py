"""Take events that no longer count out of usage: the sweep and corrections do it the same way.

A version whose backfill is at work may not have added an event yet. Such an event is not taken out of it, and the
backfill will pass it by, because it reads only what counts; both hold the backfill's row while they look.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog.queries import metric_versions_for
from metering.actions.counting import count
from metering.actions.fold import tally, unfold
from metering.queries.admission import book_of
from metering.queries.backfills import Span, not_yet_added
from metering.rules.book import Book, Readings
from metering.rules.buckets import Taken
from metering.stores.postgres import Stored


def take_out(*, environment_id: int, events: Sequence[Stored], at: datetime) -> None:
    """Correct usage for events whose removal was written in this transaction, which holds the SweepMark's row."""
    taken = counted_of(environment_id=environment_id, events=events)
    unfold(buckets=tally(taken), at=at)
    count_taken(environment_id=environment_id, taken=taken, at=at, sign=-1)


def count_taken(*, environment_id: int, taken: Sequence[Taken], at: datetime, sign: int) -> None:
    """Count what was just folded, or taken out (sign −1), towards limits: only what versions in force read of it."""
    in_force = {each.terms.version_id for each in metric_versions_for(environment_id)}
    count(
        environment_id=environment_id,
        accounts={account for account, *_ in taken},
        metrics={metric.metric for *_, readings in taken for metric, _ in readings},
        read=(
            (account, time, *key, [pair for pair in readings if pair[0].version_id in in_force])
            for account, time, key, readings in taken
        ),
        at=at,
        sign=sign,
    )


def counted_of(*, environment_id: int, events: Sequence[Stored]) -> list[Taken]:
    """Read what stored events count towards now; locks the backfills that are at work."""
    ahead, book = not_yet_added(environment_id), book_of(environment_id)
    return [(each.account_id, each.time, each.key, _counted(book, each, ahead)) for each in events]


def _counted(book: Book, event: Stored, ahead: Mapping[int, Span]) -> Readings:
    read = book.counted(event.type, event.time, event.data)
    return [(metric, reading) for metric, reading in read if not _is_ahead(event.seq, ahead.get(metric.version_id))]


def _is_ahead(seq: int, span: Span | None) -> bool:
    return span is not None and span[0] < seq <= span[1]
