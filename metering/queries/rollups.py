"""Usage as the tables keep it: states of whole hours, and of whole days where days are built."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from catalog.rules.terms import Aggregation as A
from catalog.rules.terms import Dims, MetricTerms, dims_of
from metering.models import DailyMark, DimensionSet
from metering.rules.book import hour_of
from metering.rules.spans import Piece
from metering.rules.states import ZERO, State
from metering.stores.events import FOREVER
from monetization.values.periods import Period

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Span = tuple[datetime, datetime]
MERGED_IN_SQL = {A.SUM: "sum", A.COUNT: "sum", A.AVERAGE: "sum", A.MAX: "max", A.MIN: "min"}

ASKED = """unnest(%(numbers)s::int[], %(versions)s::bigint[], %(starts)s::{type}[], %(ends)s::{type}[])
  p(n, version, starts, ends)"""
JOINED = """
JOIN {table} u ON u.account_id = ANY(%(accounts)s) AND u.metric_version_id = p.version
  AND u.{column} >= p.starts AND u.{column} < p.ends AND u.events > 0
"""
ACCOUNT = "CASE WHEN %(together)s THEN 0 ELSE u.account_id END"
SUMMED = f"""
SELECT p.n, {ACCOUNT}, u.dimensions_id, {{merge}}(u.quantity), sum(u.events)::bigint
FROM {ASKED} {JOINED} GROUP BY 1, 2, 3
"""
SINGLE = f"""
SELECT p.n, {ACCOUNT}, u.dimensions_id, u.hour, u.quantity, u.events, u.weighted, u.first_at, u.last_at, u.last_key
FROM {ASKED} {JOINED}
"""
LATEST = f"""
SELECT DISTINCT ON (1, 2, 3) p.n, {ACCOUNT}, u.dimensions_id, u.hour, u.quantity,
       sum(u.events) OVER (PARTITION BY p.n, {ACCOUNT}, u.dimensions_id)::bigint, u.weighted, u.first_at, u.last_at,
       u.last_key
FROM {ASKED} {JOINED} ORDER BY 1, 2, 3, u.last_at DESC, u.last_key COLLATE "C" DESC
"""
DISTINCT = f"""
SELECT p.n, {ACCOUNT}, u.dimensions_id, array_agg(DISTINCT u.value), sum(u.events)::bigint
FROM {ASKED} {JOINED} GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A span of whole hours of one metric version, under a number."""

    number: int
    metric: MetricTerms
    span: Span


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of usage of one account (0: all together) and set of dimension values, for the span of that number."""

    number: int
    account_id: int
    dims: Dims
    piece: Piece


def whole_hours(period: Period) -> Span | None:
    """Give the whole hours inside a period; None where there are none."""
    start = hour_of(period.starts_at)
    start = start if start == period.starts_at else start + HOUR
    end = FOREVER if period.ends_at is None else hour_of(period.ends_at)
    return (start, end) if start < end else None


def split_hours(period: Period) -> Iterator[Span]:
    """Give the parts of a period that are not whole hours: at most its first and its last."""
    if period.is_empty:
        return
    end = FOREVER if period.ends_at is None else period.ends_at
    whole = whole_hours(period)
    if whole is None and not (hour_of(period.starts_at) == period.starts_at and end == hour_of(end)):
        yield period.starts_at, end
    elif whole is not None:
        if period.starts_at < whole[0]:
            yield period.starts_at, whole[0]
        if whole[1] < end:
            yield whole[1], end


def found_in(asked: Sequence[Asked], account_ids: Collection[int], together: bool) -> Iterator[Found]:
    """Read the pieces of all spans, in a bounded number of statements (by kinds of metrics, not by spans)."""
    built = DailyMark.objects.values_list("date", flat=True).get(pk=1)
    reading = _Reading(account_ids, together)
    for merge in sorted({*MERGED_IN_SQL.values()}):
        mine = [each for each in asked if MERGED_IN_SQL.get(each.metric.aggregation) == merge]
        days, hours = _days_and_hours(mine, built)
        yield from reading.merged("metering_dailyusage", "date", "date", merge, days)
        yield from reading.merged("metering_hourlyusage", "hour", "timestamptz", merge, hours)
    latest = [each for each in asked if each.metric.aggregation is A.LATEST]
    yield from reading.single(LATEST, latest)
    yield from reading.single(SINGLE, [each for each in asked if each.metric.aggregation is A.TIME_WEIGHTED])
    yield from reading.distinct([each for each in asked if each.metric.aggregation is A.UNIQUE])


def left_before(asked: Sequence[Asked], account_ids: Collection[int], together: bool) -> Iterator[Found]:
    """Read what earlier hours left: the latest value or reading, the sum of all changes."""
    reading = _Reading(account_ids, together)
    changes = [each for each in asked if _adds(each.metric)]
    yield from reading.merged("metering_hourlyusage", "hour", "timestamptz", "sum", changes)
    yield from reading.single(LATEST, [each for each in asked if not _adds(each.metric)])


def _adds(metric: MetricTerms) -> bool:
    return metric.aggregation is A.TIME_WEIGHTED and not metric.of_level


def _days_and_hours(asked: Sequence[Asked], built: date) -> tuple[list[Asked], list[Asked]]:
    """Split spans into UTC days that are built and the hours around them."""
    days, hours = [], []
    for each in asked:
        start, end = each.span
        first = _midnight_after(start)
        last = min(end, datetime(built.year, built.month, built.day, tzinfo=UTC)).replace(hour=0)
        if first < last:
            days.append(Asked(each.number, each.metric, (first, last)))
            spans = [(start, first), (last, end)]
        else:
            spans = [(start, end)]
        hours += [Asked(each.number, each.metric, span) for span in spans if span[0] < span[1]]
    return days, hours


def _midnight_after(at: datetime) -> datetime:
    midnight = at.replace(hour=0)
    return midnight if midnight == at else midnight + DAY


class _Reading:
    """The statements for some accounts, and the dimension sets that they meet."""

    def __init__(self, account_ids: Collection[int], together: bool) -> None:
        self._fixed: dict[str, Any] = {"accounts": list(account_ids), "together": together}
        self._sets: dict[int, Mapping[str, str]] = {}

    def merged(self, table: str, column: str, type: str, merge: str, asked: Sequence[Asked]) -> Iterator[Found]:
        """Read what SQL merges into one row a set of dimension values."""
        statement = SUMMED.format(table=table, column=column, type=type, merge=merge)
        for number, account, dims, quantity, events in self._rows(statement, asked):
            each = asked[number]
            start, end = each.span
            yield Found(each.number, account, self._dims(each, dims), Piece(start, end, State(quantity, events)))

    def single(self, statement: str, asked: Sequence[Asked]) -> Iterator[Found]:
        """Read hours one by one."""
        statement = statement.format(table="metering_hourlyusage", column="hour", type="timestamptz")
        for number, account, dims, hour, *columns in self._rows(statement, asked):
            each = asked[number]
            yield Found(each.number, account, self._dims(each, dims), Piece(hour, hour + HOUR, _state(*columns)))

    def distinct(self, asked: Sequence[Asked]) -> Iterator[Found]:
        """Read distinct values."""
        statement = DISTINCT.format(table="metering_hourlyvalue", column="hour", type="timestamptz")
        for number, account, dims, values, events in self._rows(statement, asked):
            each = asked[number]
            state = State(events=events, values=set(values))
            start, end = each.span
            yield Found(each.number, account, self._dims(each, dims), Piece(start, end, state))

    def _rows(self, statement: str, asked: Sequence[Asked]) -> list[tuple[Any, ...]]:
        if not asked:
            return []
        columns: dict[str, Any] = {
            "numbers": list(range(len(asked))),
            "versions": [each.metric.version_id for each in asked],
            "starts": [each.span[0] for each in asked],
            "ends": [each.span[1] for each in asked],
        }
        with connection.cursor() as cursor:
            cursor.execute(statement, self._fixed | columns)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        missing = {row[2] for row in rows} - self._sets.keys()
        if missing:
            self._sets |= dict(DimensionSet.objects.filter(pk__in=missing).values_list("pk", "values"))
        return rows

    def _dims(self, asked: Asked, pk: int) -> Dims:
        return dims_of(self._sets[pk], asked.metric.order)


def _state(
    quantity: Decimal,
    events: int,
    weighted: Decimal | None,
    first_at: datetime | None,
    last_at: datetime | None,
    key: str | None,
) -> State:
    source, _, event_id = (key or "\t").partition("\t")
    return State(quantity, events, weighted or ZERO, first_at, last_at, (source, event_id))
