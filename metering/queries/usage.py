"""Usage for any cuts of time: whole hours from the rollup, the rest of a cut hour from its events.

A cut that doesn't fall on an hour (a local midnight in Kolkata, a price that changes at 12:30) reads the events
of that hour through the same pure rules that the fold used, so cuts always sum to the whole.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from catalog.rules.terms import Dims, MetricTerms, Segment, dims_of
from metering.models import DimensionSet, HourlyUsage
from metering.queries.admission import book_of
from metering.rules.aggregate import Tally
from metering.rules.book import Book, hour_of
from metering.rules.quantities import UsageRow
from metering.stores import postgres as store
from monetization.foundation.models import Account
from monetization.values.periods import Period, days_of

HOUR = timedelta(hours=1)
FOREVER = store.FOREVER
Span = tuple[datetime, datetime]

HOURS = """
SELECT cut.n, CASE WHEN %s THEN 0 ELSE u.account_id END, u.metric_version_id, u.dimensions_id,
       sum(u.quantity), sum(u.events)
FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) cut(n, version, starts, ends)
JOIN metering_hourlyusage u
  ON u.account_id = ANY(%s) AND u.metric_version_id = cut.version AND u.hour >= cut.starts AND u.hour < cut.ends
GROUP BY 1, 2, 3, 4
HAVING sum(u.events) > 0
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of time and the metric versions to measure in it; cuts must not overlap."""

    period: Period
    metrics: Mapping[int, MetricTerms]


@dataclass(frozen=True, slots=True)
class Measured:
    """Unconverted usage of one account, cut, metric version and set of dimension values."""

    account_id: int
    cut: int
    metric_version_id: int
    dims: Dims
    quantity: Decimal
    events: int


Key = tuple[int, int, int, Dims]


def usage_for(*, account_id: int, segments: Sequence[Segment]) -> list[UsageRow]:
    """Measure an account's usage in each segment, for the metric versions that its charges read."""
    cuts = [Cut(each.period, {charge.metric.version_id: charge.metric for charge in each.charges}) for each in segments]
    return [
        UsageRow(row.metric_version_id, row.cut, row.dims, row.quantity, row.events)
        for row in measured(account_ids=[account_id], cuts=cuts)
    ]


def measured(*, account_ids: Collection[int], cuts: Sequence[Cut], together: bool = False) -> list[Measured]:
    """Measure accounts of one environment in cuts of time, in a bounded number of queries.

    `together` adds all accounts up (`account_id` is 0 then), which is far cheaper than telling many apart.
    """
    if not account_ids:
        return []
    tallies = _from_hours(account_ids, cuts, together)
    split = [(number, span) for number, cut in enumerate(cuts) for span in _split_hours(cut.period)]
    if split:
        _add_events(tallies, account_ids, cuts, split, together)
    return [Measured(*key, each.quantity, each.events) for key, each in sorted(tallies.items())]


@dataclass(frozen=True, slots=True)
class DailyRow:
    """Unconverted usage of one local day; `dims` holds only the dimensions that were asked for."""

    date: date
    account_id: int
    metric_version_id: int
    dims: Dims
    quantity: Decimal
    events: int


def daily_usage(
    *,
    account_ids: Collection[int],
    metrics: Collection[MetricTerms],
    period: Period,
    zone: str,
    by: Sequence[str] = (),
    together: bool = False,
) -> list[DailyRow]:
    """Measure local days of a zone, added up by some dimensions; days without usage are left out.

    `together` adds the accounts up too (`account_id` is 0 then).
    """
    days = days_of(period, zone)
    cuts = [Cut(span, {each.version_id: each for each in metrics}) for _, span in days]
    tallies: dict[tuple[date, int, int, Dims], Tally] = {}
    for row in measured(account_ids=account_ids, cuts=cuts, together=together):
        dims = tuple(pair for pair in row.dims if pair[0] in by)
        tally = tallies.setdefault((days[row.cut][0], row.account_id, row.metric_version_id, dims), Tally())
        _add(tally, row.quantity, row.events)
    return [DailyRow(*key, each.quantity, each.events) for key, each in sorted(tallies.items())]


def whole_hours(period: Period) -> Span | None:
    """Give the whole hours inside a period; None where there are none."""
    start = hour_of(period.starts_at)
    start = start if start == period.starts_at else start + HOUR
    end = FOREVER if period.ends_at is None else hour_of(period.ends_at)
    return (start, end) if start < end else None


def _split_hours(period: Period) -> Iterator[Span]:
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


def _from_hours(account_ids: Collection[int], cuts: Sequence[Cut], together: bool) -> dict[Key, Tally]:
    asked = [
        (number, version, *span)
        for number, cut in enumerate(cuts)
        if (span := whole_hours(cut.period)) is not None
        for version in cut.metrics
    ]
    if not asked:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(HOURS, [together, *map(list, zip(*asked, strict=True)), list(account_ids)])
        rows = cursor.fetchall()
    sets = dict(DimensionSet.objects.filter(pk__in={row[3] for row in rows}).values_list("pk", "values"))
    return {
        (account, number, version, dims_of(sets[dims], cuts[number].metrics[version].order)): Tally(
            quantity, int(events)
        )
        for number, account, version, dims, quantity, events in rows
    }


def _add_events(
    tallies: dict[Key, Tally],
    account_ids: Collection[int],
    cuts: Sequence[Cut],
    split: Sequence[tuple[int, Span]],
    together: bool,
) -> None:
    types = {metric.event_type for cut in cuts for metric in cut.metrics.values()}
    events = store.of_accounts(account_ids=account_ids, types=types, spans=[span for _, span in split])
    book: Book | None = None
    for event in events:
        book = book or _book(account_ids)
        number = next(n for n, (start, end) in split if start <= event.time < end)
        for metric, reading in book.counted(event.type, event.time, event.data):
            if metric.version_id in cuts[number].metrics:
                key = (0 if together else event.account_id, number, metric.version_id, reading.dims)
                tallies.setdefault(key, Tally()).add(reading.quantity)


def _book(account_ids: Iterable[int]) -> Book:
    return book_of(Account.objects.values_list("environment_id", flat=True).get(pk=next(iter(account_ids))))


def _add(tally: Tally, quantity: Decimal, events: int) -> None:
    tally.add(quantity)
    tally.events += events - 1


def largest_accounts(
    *, account_ids: Collection[int], version_ids: Collection[int], period: Period, limit: int = 10
) -> list[tuple[int, Decimal]]:
    """Rank accounts by unconverted usage in the whole hours of a period, the largest first."""
    whole = whole_hours(period)
    if whole is None:
        return []
    rows = HourlyUsage.objects.filter(
        account__in=account_ids, metric_version__in=version_ids, hour__gte=whole[0], hour__lt=whole[1]
    )
    ranked = rows.values_list("account").annotate(total=Sum("quantity")).order_by("-total", "account")
    return list(ranked[:limit])
