"""Add what events mean to hourly usage, in the transaction that accepted (or removed) them.

Rows are locked in one order everywhere: dimension sets, marks, hourly usage, metrics, each sorted by key; so
any number of writers wait for each other and never in a circle. Each bucket remembers the mark of its last
change, so that an invoice can tell which of its hours changed since it was rated.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection

from catalog.models import Metric
from catalog.rules.terms import Dims
from metering.rules.aggregate import Tally
from metering.rules.book import Readings, hour_of
from monetization.values.canonical import canonical

Bucket = tuple[int, int, datetime, Dims]  # account, metric version, hour, dimension values
DimensionKey = tuple[int, str]  # metric version, canonical JSON of the values

FIND_SETS = """
SELECT wanted.n, d.id
FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY wanted(version, dims, n)
JOIN metering_dimensionset d ON d.metric_version_id = wanted.version AND d."values" = wanted.dims::jsonb
"""
MAKE_SETS = """
INSERT INTO metering_dimensionset (metric_version_id, "values")
SELECT version, dims::jsonb FROM unnest(%s::bigint[], %s::text[]) wanted(version, dims)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
ADD = """
INSERT INTO metering_hourlyusage (account_id, metric_version_id, hour, dimensions_id, quantity, events, mark)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[], %s::numeric[], %s::bigint[],
                     %s::bigint[])
ORDER BY 1, 2, 3, 4
ON CONFLICT (account_id, metric_version_id, hour, dimensions_id) DO UPDATE
SET quantity = metering_hourlyusage.quantity + excluded.quantity,
    events = metering_hourlyusage.events + excluded.events,
    mark = excluded.mark
"""
MARK = """
INSERT INTO metering_usagemark (account_id, number, changed_at)
SELECT account_id, 1, %s FROM unnest(%s::bigint[]) account_id ORDER BY 1
ON CONFLICT (account_id) DO UPDATE
SET number = metering_usagemark.number + 1, changed_at = excluded.changed_at
RETURNING account_id, number
"""


def tally(read: Iterable[tuple[int, datetime, Readings]]) -> dict[Bucket, Tally]:
    """Add up the readings of events, each given with its account and time."""
    buckets: dict[Bucket, Tally] = {}
    for account_id, time, readings in read:
        hour = hour_of(time)
        for metric, reading in readings:
            key = (account_id, metric.version_id, hour, reading.dims)
            buckets.setdefault(key, Tally()).add(reading.quantity)
    return buckets


def fold(*, buckets: Mapping[Bucket, Tally], at: datetime) -> None:
    """Add tallies to hourly usage, raise the accounts' marks, and note metrics seen for the first time."""
    if not buckets:
        return
    texts = {dims: canonical(dict(dims)) for dims in {key[3] for key in buckets}}
    sets = _sets({(version, texts[dims]) for _, version, _, dims in buckets})
    marks = _raise_marks({account for account, _, _, _ in buckets}, at)
    rows = [
        (account, version, hour, sets[version, texts[dims]], each.quantity, each.events, marks[account])
        for (account, version, hour, dims), each in buckets.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])
    _note_first_seen({version for _, version, _, _ in buckets}, at)


def hold(*, buckets: Iterable[Bucket], at: datetime) -> None:
    """Lock in the one order (dimension sets, then marks) what several folds of this transaction will change."""
    keys = list(buckets)
    _sets({(version, canonical(dict(dims))) for _, version, _, dims in keys})
    _raise_marks({account for account, _, _, _ in keys}, at)


def unfold(*, buckets: Mapping[Bucket, Tally], at: datetime) -> None:
    """Take tallies out of hourly usage again; a bucket that no event is left in stays, at zero."""
    fold(buckets={key: Tally(each.quantity.copy_negate(), -each.events) for key, each in buckets.items()}, at=at)


def _raise_marks(account_ids: set[int], at: datetime) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(MARK, [at, sorted(account_ids)])
        return dict(cursor.fetchall())


def _sets(wanted: set[DimensionKey]) -> dict[DimensionKey, int]:
    """Give each combination its id, writing those that are new."""
    found = _find(wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(MAKE_SETS, [[v for v, _ in missing], [text for _, text in missing]])
        found |= _find(set(missing))
    return found


def _find(wanted: set[DimensionKey]) -> dict[DimensionKey, int]:
    asked = list(wanted)
    with connection.cursor() as cursor:
        cursor.execute(FIND_SETS, [[v for v, _ in asked], [text for _, text in asked]])
        return {asked[number - 1]: pk for number, pk in cursor.fetchall()}


def _note_first_seen(version_ids: set[int], at: datetime) -> None:
    """A metric may be priced once a live event for it was seen; plain facts need no history row."""
    unseen = Metric.objects.filter(versions__in=version_ids, first_seen_at=None)
    pks = sorted(set(unseen.values_list("pk", flat=True)))
    for pk in pks:
        Metric.objects.filter(pk=pk, first_seen_at=None).update(first_seen_at=at)
