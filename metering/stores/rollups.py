"""Hourly usage in PostgreSQL: states of a batch are staged by COPY and merged into their buckets, one statement a kind.

Sums are added, extremes and latest values compared. Rows are written in the order of their key, after the accounts'
marks, which every writer raises first and in the order of the accounts: so writers queue and never wait in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from catalog.rules.terms import Aggregation as A
from catalog.rules.terms import MetricTerms
from metering.rules.buckets import BucketKey, Buckets
from metering.rules.states import State

STAGE = """
CREATE TEMP TABLE IF NOT EXISTS metering_tallied (
  account_id bigint, metric_version_id bigint, hour timestamptz, dimensions_id bigint, kind "char",
  quantity numeric, events bigint, weighted numeric, first_at timestamptz, last_at timestamptz, last_key text
) ON COMMIT DELETE ROWS;
DELETE FROM pg_temp.metering_tallied;
"""
COPY = "COPY pg_temp.metering_tallied FROM STDIN"
MARK = """
INSERT INTO metering_usagemark (account_id, number, changed_at)
SELECT DISTINCT account_id, 1, %s::timestamptz FROM pg_temp.metering_tallied ORDER BY 1
ON CONFLICT (account_id) DO UPDATE
SET number = metering_usagemark.number + 1, changed_at = excluded.changed_at
"""
RAISE = MARK.replace("FROM pg_temp.metering_tallied", "FROM unnest(%s::bigint[]) account_id")
MERGE = """
INSERT INTO metering_hourlyusage AS u (account_id, metric_version_id, hour, dimensions_id, quantity, events, weighted,
                                       first_at, last_at, last_key, mark)
SELECT s.account_id, s.metric_version_id, s.hour, s.dimensions_id, s.quantity, s.events, s.weighted, s.first_at,
       s.last_at, s.last_key, m.number
FROM pg_temp.metering_tallied s JOIN metering_usagemark m ON m.account_id = s.account_id
WHERE s.kind = %s ORDER BY 1, 2, 3, 4
ON CONFLICT (account_id, metric_version_id, hour, dimensions_id) DO UPDATE
SET mark = excluded.mark"""
ADDING = ", events = u.events + excluded.events"
ALL = ("quantity", "events", "weighted", "first_at", "last_at", "last_key")
LATER = '(excluded.last_at, excluded.last_key COLLATE "C") > (u.last_at, u.last_key COLLATE "C")'
# A bucket that was emptied by a removal stays at zero: what comes then is compared with nothing.
HOW = {
    "s": ", quantity = u.quantity + excluded.quantity",
    "t": ", quantity = u.quantity + excluded.quantity, weighted = u.weighted + excluded.weighted",
    "x": ", quantity = CASE WHEN u.events = 0 THEN excluded.quantity ELSE greatest(u.quantity, excluded.quantity) END",
    "n": ", quantity = CASE WHEN u.events = 0 THEN excluded.quantity ELSE least(u.quantity, excluded.quantity) END",
    "l": "".join(
        f", {column} = CASE WHEN u.events = 0 OR {LATER} THEN excluded.{column} ELSE u.{column} END"
        for column in ("quantity", "last_at", "last_key")
    ),
    # Computed again from the hour's events: the row says all that there is.
    "r": "".join(
        f", {column} = excluded.{column}" for column in ("quantity", "weighted", "first_at", "last_at", "last_key")
    )
    + ", events = excluded.events",
}
COMPARED = (A.MAX, A.MIN, A.LATEST)
KINDS = {A.TIME_WEIGHTED: "t", A.MAX: "x", A.MIN: "n", A.LATEST: "l"}
VALUES = """
INSERT INTO metering_hourlyvalue AS v (account_id, metric_version_id, hour, dimensions_id, value, events)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[], %s::bigint[])
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (account_id, metric_version_id, hour, dimensions_id, value) DO UPDATE
SET events = v.events + excluded.events
"""


def merge(*, buckets: Buckets, sets: Mapping[int, int], at: datetime, sign: int = 1) -> None:
    """Merge a batch into hourly usage and raise its accounts' marks; ``sets``: dimension sets by slot.

    With ``sign`` −1 sums and distinct values are taken out again; all else is only marked, and computed again by the
    caller, as levels always are.
    """
    rows = [*_sum_lines(buckets, sets, sign), *_state_lines(buckets, sets, sign)]
    kinds = {kind_of(buckets.slot(key).metric, sign) for key in buckets.states} | ({"s"} if buckets.sums else set())
    with connection.cursor() as cursor:
        _stage(cursor, rows)
        cursor.execute(MARK, [at])
        for kind in sorted(kinds - {"r"}):
            cursor.execute(MERGE + ADDING + HOW[kind], [kind])
        if buckets.values:
            cursor.execute(VALUES, _value_columns(buckets, sets, sign))


def raise_marks(account_ids: Collection[int], at: datetime) -> None:
    """Say that these accounts' usage changes; their marks stay locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(RAISE, [at, list(account_ids)])


def put(*, states: Mapping[BucketKey, State], sets: Mapping[int, int], versions: Mapping[int, int]) -> None:
    """Write buckets as they were computed again; their accounts' marks are raised already."""
    with connection.cursor() as cursor:
        _stage(cursor, [_line(sets[key[2]], versions[key[2]], key, "r", state) for key, state in states.items()])
        cursor.execute(MERGE + HOW["r"], ["r"])


def kind_of(metric: MetricTerms, sign: int = 1) -> str:
    """Name how a bucket of this metric takes what comes; ``r``: it is computed again."""
    if metric.of_level or (sign < 0 and metric.aggregation in COMPARED):
        return "r"
    return KINDS.get(metric.aggregation, "s")


def _stage(cursor: CursorWrapper, rows: Sequence[str]) -> None:
    cursor.execute(STAGE)
    with cursor.copy(COPY) as copy:
        copy.write("\n".join(rows))


def _sum_lines(buckets: Buckets, sets: Mapping[int, int], sign: int) -> list[str]:
    known = buckets.slots.known
    ids = {slot: (known[slot].metric.version_id, pk) for slot, pk in sets.items()}
    hours = {hour: hour.isoformat() for hour in {hour for _, hour, _ in buckets.sums}}
    sums = buckets.sums if sign > 0 else {key: [negative(q), -int(n)] for key, (q, n) in buckets.sums.items()}
    return [
        f"{account}\t{ids[slot][0]}\t{hours[hour]}\t{ids[slot][1]}\ts\t{quantity}\t{events}\t\\N\t\\N\t\\N\t\\N"
        for (account, hour, slot), (quantity, events) in sums.items()
    ]


def _state_lines(buckets: Buckets, sets: Mapping[int, int], sign: int) -> Iterator[str]:
    for key, state in buckets.states.items():
        metric = buckets.slot(key).metric
        kind = kind_of(metric, sign)
        signed = state if sign > 0 or kind == "r" else _negative(state)
        yield _line(sets[key[2]], metric.version_id, key, kind, signed)


def _line(dimensions: int, version: int, key: BucketKey, kind: str, state: State) -> str:
    account, hour, _ = key
    last = "\t".join(state.last_key).replace("\\", "\\\\").replace("\t", "\\t") if state.last_at else "\\N"
    times = "\t".join(at.isoformat() if at else "\\N" for at in (state.first_at, state.last_at))
    weighted = state.weighted if kind in "tr" else "\\N"
    start = f"{account}\t{version}\t{hour.isoformat()}\t{dimensions}\t{kind}"
    return f"{start}\t{state.quantity}\t{state.events}\t{weighted}\t{times}\t{last}"


def _value_columns(buckets: Buckets, sets: Mapping[int, int], sign: int) -> list[list[Any]]:
    rows = [
        (account, buckets.slots.known[slot].metric.version_id, hour, sets[slot], value, sign * events)
        for ((account, hour, slot), value), events in buckets.values.items()
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _negative(state: State) -> State:
    return replace(
        state, quantity=negative(state.quantity), events=-state.events, weighted=negative(state.weighted)
    )  # fmt: skip


def negative(number: Any) -> Any:
    """Turn the sign round without losing a digit."""
    return number.copy_negate() if isinstance(number, Decimal) else -number
