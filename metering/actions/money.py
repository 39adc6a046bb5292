"""Write what is spent of limits of money: billing's word, since metering never asks for a price.

Billing says for an account what each of its limits comes to, and which usage it has read (`mark`). Money that
reservations held for events of that usage is freed in the same moment: so an event's money is held, then spent, and
never neither. Whoever writes has listed these holds before it read the usage.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from metering.actions.counters import lock_marks, note_overruns
from metering.models import Counter, Hold, Limit
from monetization.values.errors import Invalid
from monetization.values.periods import Period

OPEN = """
INSERT INTO metering_counter (limit_id, account_id, starts_at, ends_at, spent, held, changed_at)
SELECT limit_id, %s, starts_at, ends_at, 0, 0, %s
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) row (limit_id, starts_at, ends_at)
ORDER BY 1, 3 ON CONFLICT (limit_id, account_id, starts_at) DO NOTHING
"""
FREE = "SELECT metering_free_spend(%s)"


@dataclass(frozen=True, slots=True)
class Word:
    """What is spent of a limit in a window; ``most``: what may be, where that isn't the limit's (a balance)."""

    limit: Limit
    window: Period
    spent: Decimal
    most: Decimal | None = None


def settled_holds(account_ids: Collection[int]) -> dict[int, list[int]]:
    """List, by account, the holds whose money waits for billing; their events are in all usage read after this."""
    rows = Hold.objects.filter(account__in=account_ids, holds_spend=True).exclude(status=Hold.Status.HELD)
    found: dict[int, list[int]] = {}
    for account, pk in rows.order_by("pk").values_list("account_id", "pk"):
        found.setdefault(account, []).append(pk)
    return found


@transaction.atomic
def write_counters(
    *, account_id: int, words: Sequence[Word], mark: int, freed: Collection[int] = (), at: datetime
) -> list[Counter]:
    """Set the counters of an account's limits of money; nothing changes where one who read later usage was faster.

    Raises Invalid for a limit of quantity.
    """
    if any(each.limit.kind == Limit.Kind.QUANTITY for each in words):
        raise Invalid("A quantity is counted from events", field="limit", fix="Write limits of spend and balance")
    lock_marks([account_id], at=at)  # writers take turns
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [account_id, at, *_windows(words)])
    wanted = {(each.limit.pk, each.window.starts_at): each for each in words}
    mine = Counter.objects.filter(account=account_id, limit__in={pk for pk, _ in wanted})
    if any(mark < (each.mark or 0) for each in mine if (each.limit_id, each.starts_at) in wanted):
        return []
    if freed:
        with connection.cursor() as cursor:
            cursor.execute(FREE, [list(freed)])
    locked = mine.select_for_update(no_key=True).order_by("pk")
    counters = [each for each in locked if (each.limit_id, each.starts_at) in wanted]
    before = {each.pk: each.spent for each in counters}
    for each in counters:
        _set(each, wanted[each.limit_id, each.starts_at], mark, at)
    Counter.objects.bulk_update(counters, ["spent", "most", "as_of", "mark", "ends_at", "changed_at"])
    note_overruns(before=before, counters=counters, limits={each.limit.pk: each.limit for each in words}, at=at)
    return counters


def _windows(words: Sequence[Word]) -> list[list[object]]:
    spans = [(each.limit.pk, each.window.starts_at, each.window.ends_at) for each in words]
    return [list(column) for column in zip(*spans, strict=True)] or [[], [], []]


def _set(counter: Counter, word: Word, mark: int, at: datetime) -> None:
    if (counter.spent, counter.most) != (word.spent, word.most) or counter.as_of is None:
        counter.changed_at = at  # so that its thresholds are looked at
    counter.spent, counter.most, counter.as_of, counter.mark = word.spent, word.most, at, mark
    counter.ends_at = word.window.ends_at or counter.ends_at
