"""Open the counters of limits and set them from what was used; what billing writes is the business of `money`.

A counter is opened when its window is first asked for or used in. It starts with what the window's usage comes to,
read while the account's mark is locked: whoever folds usage of that account locks the mark before, so an event is
either in that sum or counted afterwards, never both and never neither.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction

from metering.models import Breach, Counter, Limit, UsageMark
from metering.queries.limits import covering
from metering.queries.windows import calendars_for, spent_in
from metering.rules.quotas import is_new_overrun, overrun
from monetization.values.periods import Period

Wanted = tuple[Limit, int, Sequence[datetime]]  # limit, account, instants whose windows are wanted
OPEN = """
INSERT INTO metering_counter (limit_id, account_id, starts_at, ends_at, spent, held, changed_at)
SELECT limit_id, account_id, starts_at, ends_at, spent, 0, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::numeric[])
  row (limit_id, account_id, starts_at, ends_at, spent)
ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING RETURNING id
"""
MARK = "INSERT INTO metering_usagemark (account_id, number, changed_at) VALUES (%s, 0, %s) ON CONFLICT DO NOTHING"


def lock_marks(account_ids: Collection[int], *, at: datetime) -> None:
    """Wait for those who fold usage of these accounts, and make others wait, until the transaction ends."""
    wanted = sorted(account_ids)
    rows = UsageMark.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    missing = sorted(set(wanted) - set(rows.values_list("pk", flat=True)))
    if missing:
        with connection.cursor() as cursor:
            cursor.executemany(MARK, [[pk, at] for pk in missing])
        list(rows.filter(pk__in=missing).values_list("pk"))


@transaction.atomic
def open_counters(*, wanted: Iterable[Wanted], at: datetime) -> None:
    """Open the counters that are missing, each with what was used in its window so far."""
    asked = list(wanted)
    lock_marks({account for _, account, _ in asked}, at=at)
    open_locked(wanted=asked, at=at)


def open_locked(*, wanted: Sequence[Wanted], at: datetime) -> None:
    """Do so where the accounts' marks are locked already, and what this transaction adds is folded.

    A window that was over before its limit was made gets no counter.
    """
    limits = {limit.pk: limit for limit, _, _ in wanted}
    rows: list[tuple[int, int, datetime, datetime | None, Decimal]] = []
    for (pk, window), members in _windows(wanted).items():
        spent = spent_in(limit=limits[pk], account_ids=members, window=window)
        rows += [(pk, account, window.starts_at, window.ends_at, spent.get(account, Decimal(0))) for account in members]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(OPEN, [at, *map(list, zip(*rows, strict=True))])
        opened = [pk for (pk,) in cursor.fetchall()]
    used = list(Counter.objects.filter(pk__in=opened, spent__gt=0))
    note_overruns(before={each.pk: Decimal(0) for each in used}, counters=used, limits=limits, at=at)


def _windows(wanted: Sequence[Wanted]) -> dict[tuple[int, Period], set[int]]:
    """Group accounts by limit and window, so that each window is measured once for all of them."""
    calendars = calendars_for({limit for limit, _, _ in wanted}, {account for _, account, _ in wanted})
    groups: dict[tuple[int, Period], set[int]] = defaultdict(set)
    for limit, account, instants in wanted:
        window: Period | None = None
        for instant in sorted(instants):
            if window is None or instant not in window:
                window = calendars.window(limit, account, instant)
                if window.ends_at is None or window.ends_at > limit.made_at:
                    groups[limit.pk, window].add(account)
    return groups


@transaction.atomic
def recount(*, limit: Limit, account_ids: Collection[int], at: datetime) -> int:
    """Set the counters of windows that have not ended from usage, as after a backfill; returns how many changed."""
    lock_marks(account_ids, at=at)
    counters = covering(limit_ids=[limit.pk], account_ids=account_ids, first=at, last=at)
    changed = 0
    for counter in (
        Counter.objects.select_for_update(no_key=True).filter(pk__in=[c.pk for c in counters]).order_by("pk")
    ):
        window = Period(counter.starts_at, counter.ends_at)
        spent = spent_in(limit=limit, account_ids=[counter.account_id], window=window)
        changed += _set(counter, limit, spent.get(counter.account_id, Decimal(0)), at)
    return changed


def note_overruns(
    *, before: Mapping[int, Decimal], counters: Iterable[Counter], limits: Mapping[int, Limit], at: datetime
) -> None:
    """Write down where use went beyond a limit, or a further percent beyond it."""
    Breach.objects.bulk_create(
        Breach(
            counter=each, kind=Breach.Kind.OVERRUN if limit.is_hard else Breach.Kind.WARNED,
            amount=overrun(each.spent, each.allowed(limit)), spent=each.spent, held=each.held, at=at,
        )
        for each in counters
        if is_new_overrun(before[each.pk], each.spent, each.allowed(limit := limits[each.limit_id]))
    )  # fmt: skip


def _set(counter: Counter, limit: Limit, spent: Decimal, at: datetime) -> bool:
    before = counter.spent
    if spent == before:
        return False
    counter.spent, counter.changed_at = spent, at
    counter.save(update_fields=["spent", "changed_at"])
    note_overruns(before={counter.pk: before}, counters=[counter], limits={limit.pk: limit}, at=at)
    return True
