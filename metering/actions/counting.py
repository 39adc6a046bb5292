"""Count use towards limits, in the transaction that counts the events: `count` is called after the fold.

It costs one query where no limit concerns the batch. Where one does, the counters of all readings are locked in one
order, holds that an event of the batch closes are taken off in the same moment in which the event is added, and use
beyond a limit is written down. Events are never refused here.

Relied on: whoever calls has folded these very readings before, and holds the marks of their accounts until the end.
A counter that doesn't exist yet is opened with all that was used in its window, the batch included.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from metering.actions.counters import Wanted, note_overruns, open_locked
from metering.models import Counter, Hold, Limit
from metering.queries.limits import awaiting, covering, limits_counting
from metering.rules.book import Readings
from metering.rules.quotas import converted, counts
from monetization.values.money import EXACT

Used = tuple[int, datetime, str, str, Readings]  # account, time, source, event id, what it adds
END = "SELECT metering_end_holds(%s, 'SETTLED', %s)"
ADD = """
UPDATE metering_counter c SET spent = c.spent + row.delta, changed_at = %s
FROM unnest(%s::bigint[], %s::numeric[]) row (id, delta) WHERE c.id = row.id
RETURNING c.id, c.spent - row.delta
"""


@dataclass(slots=True)
class Deltas:
    """What a batch adds to counters that exist, and the windows whose counters don't."""

    counters: dict[tuple[int, int], list[Counter]]
    added: dict[int, Decimal] = field(default_factory=dict)
    missing: dict[tuple[int, int], list[datetime]] = field(default_factory=lambda: defaultdict(list))

    def add(self, limit: Limit, account_id: int, time: datetime, units: Decimal) -> None:
        """Add to every counter of the limit whose window holds the time."""
        inside = [c for c in self.counters.get((limit.pk, account_id), ()) if c.starts_at <= time < c.ends_at]
        for counter in inside:
            self.added[counter.pk] = EXACT.add(self.added.get(counter.pk, Decimal(0)), units)
        if not inside:
            self.missing[limit.pk, account_id].append(time)


@transaction.atomic(savepoint=False)
def count(
    *,
    environment_id: int,
    accounts: Collection[int],
    metrics: Collection[str],
    read: Iterable[Used],
    at: datetime,
    sign: int = 1,
) -> None:
    """Count events that were just folded (sign −1: taken out) towards the limits that they concern.

    ``accounts`` and ``metrics`` (keys) are those of the batch; ``read`` is looked at only where a limit concerns them.
    """
    if not (accounts and metrics):
        return
    limits = limits_counting(environment_id=environment_id, account_ids=accounts, metrics=metrics)
    used = [each for each in read if each[4]] if limits else []
    if not used:
        return
    deltas = _deltas(limits, used, accounts, sign)
    _open(limits, deltas, at)
    ending = awaiting(account_ids=accounts, keys={(source, pk) for _, _, source, pk, _ in used}) if sign > 0 else []
    _apply(limits, deltas.added, ending, at)


def _deltas(limits: Sequence[Limit], used: Sequence[Used], accounts: Collection[int], sign: int) -> Deltas:
    times = [time for _, time, *_ in used]
    found: dict[tuple[int, int], list[Counter]] = defaultdict(list)
    for each in covering(
        limit_ids=[limit.pk for limit in limits], account_ids=accounts, first=min(times), last=max(times)
    ):
        found[each.limit_id, each.account_id].append(each)
    by_place: dict[tuple[str, int | None], list[Limit]] = defaultdict(list)
    for limit in limits:
        by_place[limit.metric.key if limit.metric else "", limit.account_id].append(limit)
    deltas = Deltas(found)
    for account_id, time, _, _, readings in used:
        for metric, reading in readings:
            if not metric.adds_up:  # such a limit can't be set; a later version of its metric may yet stop adding up
                continue
            for limit in (*by_place.get((metric.metric, account_id), ()), *by_place.get((metric.metric, None), ())):
                if counts(limit.match, reading.dims):
                    deltas.add(limit, account_id, time, sign * converted(reading.quantity, metric))
    return deltas


def _open(limits: Sequence[Limit], deltas: Deltas, at: datetime) -> None:
    known = {limit.pk: limit for limit in limits}
    wanted: list[Wanted] = [(known[pk], account, times) for (pk, account), times in deltas.missing.items()]
    if wanted:
        open_locked(wanted=wanted, at=at)


def _apply(limits: Sequence[Limit], added: dict[int, Decimal], ending: Sequence[Hold], at: datetime) -> None:
    if not added and not ending:
        return
    ids = [each.pk for each in ending]
    held = {counter for each in ending for counter in each.counters}
    list(Hold.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
    locked = Counter.objects.select_for_update(no_key=True).filter(pk__in=held | added.keys())
    list(locked.order_by("pk").values_list("pk"))
    with connection.cursor() as cursor:
        if ids:
            cursor.execute(END, [ids, at])
        cursor.execute(ADD, [at, list(added), list(added.values())])
        before = dict(cursor.fetchall())
    counters = Counter.objects.filter(pk__in=before)
    note_overruns(before=before, counters=counters, limits={limit.pk: limit for limit in limits}, at=at)
