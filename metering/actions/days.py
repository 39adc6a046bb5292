"""Daily usage: rows of UTC days that are over, exactly what their hours come to.

Days are built by a worker once they are old enough that hardly anything comes for them (`build`). A batch that still
brings something for a built day computes that day's rows again from its hours, in its own transaction (`follow`). The
two exclude each other by a lock that writers of recent days never touch: a day is built only when it is at least three
days old, and a writer asks whether a day is built as soon as it is older than yesterday.

Only what merges by one SQL function has days: sums, averages, extremes. All else is read by the hour.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from catalog.rules.terms import Aggregation as A
from metering.models import DailyMark
from metering.rules.buckets import Buckets

DAY = timedelta(days=1)
OLD_ENOUGH, ASKED_FROM = 3 * DAY, DAY
AT_ONCE = 7  # days built in one transaction
NEVER = date(2000, 1, 1)  # what the mark says before the first day was built
LOCK = 0x6D74_6479  # advisory: writers of old days hold it shared, the builder alone
SUMMED, COMPARED = (A.SUM, A.COUNT, A.AVERAGE), {A.MAX: "max", A.MIN: "min"}
DAILY = frozenset({*SUMMED, *COMPARED})

BUILD = """
INSERT INTO metering_dailyusage AS d (account_id, metric_version_id, dimensions_id, date, quantity, events)
SELECT u.account_id, u.metric_version_id, u.dimensions_id, (u.hour AT TIME ZONE 'UTC')::date,
       CASE v.aggregation WHEN 'MAX' THEN max(u.quantity) WHEN 'MIN' THEN min(u.quantity) ELSE sum(u.quantity) END,
       sum(u.events)
FROM {hours} JOIN catalog_metricversion v ON v.id = u.metric_version_id
WHERE u.events > 0 AND v.aggregation = ANY(%(daily)s)
GROUP BY 1, 2, 3, 4, v.aggregation ORDER BY 1, 2, 4, 3
ON CONFLICT (account_id, metric_version_id, date, dimensions_id) DO UPDATE
SET quantity = excluded.quantity, events = excluded.events
"""
SPAN = "(SELECT * FROM metering_hourlyusage WHERE hour >= %(start)s AND hour < %(end)s) u"
KEYS = "unnest(%(accounts)s::bigint[], %(versions)s::bigint[], %(sets)s::bigint[], %(dates)s::date[]) k(a, v, s, d)"
THESE = f"""{KEYS} JOIN metering_hourlyusage u
  ON u.account_id = k.a AND u.metric_version_id = k.v AND u.dimensions_id = k.s
  AND u.hour >= k.d::timestamp AT TIME ZONE 'UTC' AND u.hour < (k.d + 1)::timestamp AT TIME ZONE 'UTC'"""
EMPTY = f"""
DELETE FROM metering_dailyusage d USING {KEYS}
WHERE d.account_id = k.a AND d.metric_version_id = k.v AND d.dimensions_id = k.s AND d.date = k.d
"""


@transaction.atomic
def build(*, at: datetime) -> int:
    """Build the days that are old enough, some at a time; returns how many (0: nothing is left to do)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        mark = DailyMark.objects.select_for_update().get(pk=1)
        last = (at.astimezone(UTC) - OLD_ENOUGH).date()
        first = mark.date if mark.date > NEVER else _first_day(cursor) or last
        end = min(first + AT_ONCE * DAY, last)
        if first < end:
            span: dict[str, Any] = {"start": _midnight(first), "end": _midnight(end), "daily": sorted(DAILY)}
            cursor.execute(BUILD.format(hours=SPAN), span)
        DailyMark.objects.filter(pk=1).update(date=max(end, mark.date), built_at=at)
        return max(0, (end - first).days)


def follow(*, buckets: Buckets, sets: Mapping[int, int], at: datetime) -> None:
    """Compute the built days again in which a batch changed something."""
    edge = (at.astimezone(UTC) - ASKED_FROM).date()
    if all(hour.date() >= edge for hour in {hour for _, hour, _ in buckets.bucket_keys()}):
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
        keys = _built(buckets, sets, DailyMark.objects.get(pk=1).date)
        if keys["accounts"]:
            cursor.execute(EMPTY, keys)
            cursor.execute(BUILD.format(hours=THESE), keys | {"daily": sorted(DAILY)})


def _built(buckets: Buckets, sets: Mapping[int, int], before: date) -> dict[str, list[Any]]:
    """List the daily rows of built days that a batch touches, each once."""
    slots = buckets.slots.known
    keys = {
        (account, slots[slot].metric.version_id, sets[slot], hour.date())
        for account, hour, slot in buckets.bucket_keys()
        if hour.date() < before and slots[slot].metric.aggregation in DAILY
    }
    columns = zip(*sorted(keys), strict=True) if keys else ([], [], [], [])
    return {name: list(column) for name, column in zip(("accounts", "versions", "sets", "dates"), columns, strict=True)}


def _first_day(cursor: CursorWrapper) -> date | None:
    cursor.execute("SELECT min(hour) FROM metering_hourlyusage")
    found = cursor.fetchone()[0]
    return found.astimezone(UTC).date() if found else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
