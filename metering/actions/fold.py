"""Add what events mean to hourly usage, in the transaction that accepted (or removed) them.

Rows are locked in one order everywhere: dimension sets, marks, hourly usage, days, metrics, each sorted by key; so
any number of writers wait for each other and never in a circle. Each bucket remembers the mark of its last change, so
that an invoice can tell which of its hours changed since it was rated.

How rows are merged is the aggregation's business (`metering.stores.rollups`). What can't be taken back by arithmetic
(an extreme that is removed), and levels, whose area depends on the order of readings, are computed again from the
hour's events (`metering.actions.rebuild`).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.db import connection

from catalog.models import Metric
from catalog.rules.terms import Dims
from metering.actions.days import follow
from metering.actions.rebuild import rebuild
from metering.rules.buckets import Buckets, tally
from metering.rules.readers import REMEMBERED
from metering.stores import rollups
from monetization.values.canonical import canonical

__all__ = ["fold", "hold", "tally", "unfold"]

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
UNSEEN = """
SELECT DISTINCT m.id FROM catalog_metricversion v JOIN catalog_metric m ON m.id = v.metric_id
WHERE v.id = ANY(%s) AND m.first_seen_at IS NULL ORDER BY 1
"""


def fold(*, buckets: Buckets, at: datetime) -> None:
    """Add a batch to hourly usage, raise the accounts' marks, and note metrics seen for the first time."""
    if buckets:
        _change(buckets, 1, at)
        _note_first_seen({buckets.slots.known[slot].metric.version_id for slot in buckets.slot_numbers()}, at)


def unfold(*, buckets: Buckets, at: datetime) -> None:
    """Take a batch out of hourly usage again; a bucket that no event is left in stays, at zero.

    The removal of the events must be written already, because some buckets are computed again from the rest.
    """
    if buckets:
        _change(buckets, -1, at)


def hold(*, buckets: Iterable[Buckets], at: datetime) -> None:
    """Lock in the one order (dimension sets, then marks) what several folds of this transaction will change."""
    each = list(buckets)
    keys = {key for one in each for key in _set_keys(one).values()}
    if keys:
        _sets(keys)
        rollups.raise_marks({account for one in each for account in one.accounts()}, at)


def _change(buckets: Buckets, sign: int, at: datetime) -> None:
    sets = _sets_of(buckets)
    rollups.merge(buckets=buckets, sets=sets, at=at, sign=sign)
    again = {key for key in buckets.states if rollups.kind_of(buckets.slot(key).metric, sign) == "r"}
    rebuild(keys=again, slots=buckets.slots, sets=sets)
    follow(buckets=buckets, sets=sets, at=at)


def _sets_of(buckets: Buckets) -> dict[int, int]:
    """Give the id of each slot's dimension set."""
    keys = _set_keys(buckets)
    ids = _sets(set(keys.values()))
    return {number: ids[key] for number, key in keys.items()}


def _set_keys(buckets: Buckets) -> dict[int, DimensionKey]:
    slots = {number: buckets.slots.known[number] for number in buckets.slot_numbers()}
    return {number: (slot.metric.version_id, _text(slot.dims)) for number, slot in slots.items()}


@lru_cache(REMEMBERED)
def _text(dims: Dims) -> str:
    return canonical(dict(dims))


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


def _note_first_seen(version_ids: Iterable[int], at: datetime) -> None:
    """A metric may be priced once a live event for it was seen; plain facts need no history row."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEEN, [sorted(set(version_ids))])
        pks = [pk for (pk,) in cursor.fetchall()]
    for pk in pks:
        Metric.objects.filter(pk=pk, first_seen_at=None).update(first_seen_at=at)
