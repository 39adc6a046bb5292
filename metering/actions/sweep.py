"""Find repeats that the door could not see, and take the later ones out of usage.

The door compares an event with those of ±35 days. A key sent again with a time further away, or by two writers
at the same moment with times in different months, gets past it. The sweep looks at every event written since the
last sweep, finds an earlier one of the same key whatever its time (one whose month was dropped too, by the hash of its
key), and takes the later out: the row stays, an
EventRemoval says why, usage is corrected in the same transaction. With another body it is also kept as a conflict.

It runs hourly, and before an invoice is frozen. It costs one index probe per new event and month.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from metering.actions.ingest import SAME_ID
from metering.actions.set_aside import Aside, set_aside
from metering.actions.taking_out import take_out
from metering.models import EventRemoval, SweepMark
from metering.rules.envelope import Incoming, Kept, read, written
from metering.stores import keys
from metering.stores import postgres as store
from monetization.foundation.models import Environment

REPEATED = """
SELECT e.seq, k.seq, k.digest, k.time, k.is_time_given, e.environment_id
FROM metering_event e
JOIN LATERAL (
  SELECT k.seq, k.digest, k.time, k.is_time_given FROM metering_event k
  WHERE k.environment_id = e.environment_id AND k.source = e.source AND k.event_id = e.event_id
    AND k.revision = 0 AND k.seq < e.seq
  ORDER BY k.seq LIMIT 1
) k ON true
WHERE e.seq > %s AND e.seq <= %s AND e.revision = 0
  AND NOT EXISTS (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq)
ORDER BY e.seq
"""


@dataclass(frozen=True, slots=True)
class Repeat:
    """An event that came again, and the first accepted of its key."""

    event: store.Stored
    environment_id: int
    first_seq: int | None  # None: its month was dropped
    first: Kept

    @property
    def incoming(self) -> Incoming:
        return read(sent_body(self.event))

    @property
    def is_same(self) -> bool:
        return self.first.is_repeated_by(self.incoming)


def sweep(*, at: datetime) -> int:
    """Take every late-found repeat out of usage and return how many; safe to run twice and beside writers."""
    until = store.settled()  # waits for writers, so it must come before this transaction holds anything
    return _sweep(until=until, at=at)


@transaction.atomic
def _sweep(*, until: int, at: datetime) -> int:
    mark = hold_removals(at=at)
    repeats = _repeats(mark.seq, until)
    for environment in Environment.objects.filter(pk__in={each.environment_id for each in repeats}):
        _remove(environment, [r for r in repeats if r.environment_id == environment.pk], at)
    SweepMark.objects.filter(pk=1).update(seq=max(mark.seq, until), swept_at=at)
    return len(repeats)


def hold_removals(*, at: datetime) -> SweepMark:
    """Let nobody else take events out until this transaction ends: sweep, corrections and starting backfills."""
    SweepMark.objects.get_or_create(pk=1, defaults={"swept_at": at})
    return SweepMark.objects.select_for_update().get(pk=1)


def sent_body(event: store.Stored) -> dict[str, Any]:
    """Write a stored event as it would be sent."""
    body: dict[str, Any] = {
        "id": event.event_id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "data": event.data,
    }
    return body | {"time": written(event.time)} if event.is_time_given else body


def _repeats(after: int, until: int) -> list[Repeat]:
    with connection.cursor() as cursor:
        cursor.execute(REPEATED, [after, until])
        rows: list[tuple[int, int | None, Kept, int]] = [
            (seq, first, Kept(bytes(digest), time, given), environment_id)
            for seq, first, digest, time, given, environment_id in cursor.fetchall()
        ]
    rows += _repeats_of_dropped(after, until, {row[0] for row in rows})
    events = {each.seq: each for each in store.asked(store.Select(seqs=[row[0] for row in rows]))}
    return [Repeat(events[seq], environment_id, first, kept) for seq, first, kept, environment_id in rows]


def _repeats_of_dropped(after: int, until: int, known: set[int]) -> list[tuple[int, int | None, Kept, int]]:
    """Asked last, so that a month dropped in between is seen here or was seen before."""
    gone = keys.repeated(after=after, until=until)
    return [(seq, None, kept, environment_id) for seq, kept, environment_id in gone if seq not in known]


def _remove(environment: Environment, repeats: Sequence[Repeat], at: datetime) -> None:
    EventRemoval.objects.bulk_create(_removal(environment, each, at) for each in repeats)
    take_out(environment_id=environment.pk, events=[each.event for each in repeats], at=at)
    others: Iterable[Repeat] = (each for each in repeats if not each.is_same)
    asides = [Aside(each.incoming, sent_body(each.event), SAME_ID) for each in others]
    set_aside(environment=environment, asides=asides, received_with=None, at=at)


def _removal(environment: Environment, each: Repeat, at: datetime) -> EventRemoval:
    event, reason = each.event, EventRemoval.Reason
    return EventRemoval(
        event_seq=event.seq, kept_seq=each.first_seq, environment=environment, account_id=event.account_id,
        source=event.source, event_id=event.event_id, time=event.time,
        reason=reason.REPEAT if each.is_same else reason.CONFLICT, removed_at=at,
    )  # fmt: skip
