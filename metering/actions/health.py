"""Note how ingestion does, and forget old minutes.

`note` is called once for each batch, in its transaction and as the last thing there: it locks one row, the minute's
of this database connection's shard, so that writers on other connections don't wait for it. It opens no savepoint
(a batch that fails takes its note along), because a round trip more would double what it costs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection, transaction

from metering.models import IngestMinute

KEPT = timedelta(days=40)
COUNTS = ("accepted", "duplicates", "conflicts", "quarantined", "rejected")
NOTE = """
INSERT INTO metering_ingestminute AS m (environment_id, minute, shard, batches, accepted, duplicates, conflicts,
                                        quarantined, rejected, late, lag_ms_sum, lag_ms_max)
VALUES (%s, %s, pg_backend_pid() %% 64, 1, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (environment_id, minute, shard) DO UPDATE
SET batches = m.batches + 1,
    accepted = m.accepted + excluded.accepted,
    duplicates = m.duplicates + excluded.duplicates,
    conflicts = m.conflicts + excluded.conflicts,
    quarantined = m.quarantined + excluded.quarantined,
    rejected = m.rejected + excluded.rejected,
    late = m.late + excluded.late,
    lag_ms_sum = m.lag_ms_sum + excluded.lag_ms_sum,
    lag_ms_max = greatest(m.lag_ms_max, excluded.lag_ms_max)
"""


@transaction.atomic(savepoint=False)
def note(
    *, environment_id: int, counts: Mapping[str, int], lag_ms_sum: int, lag_ms_max: int, late: int, at: datetime
) -> None:
    """Add a batch to its minute: `counts` by COUNTS (absent: 0), and the lag of its accepted events (≥ 0 each)."""
    minute = at.replace(second=0, microsecond=0)
    numbers = [counts.get(name, 0) for name in COUNTS]
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [environment_id, minute, *numbers, late, lag_ms_sum, lag_ms_max])


@transaction.atomic
def forget(*, at: datetime) -> int:
    """Delete the minutes that are older than KEPT; returns how many rows."""
    return IngestMinute.objects.filter(minute__lt=at - KEPT).delete()[0]
