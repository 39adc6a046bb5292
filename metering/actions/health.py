"""Keep the figures of ingestion by the minute, in the transaction of each batch.

Writers of one minute would wait for each other's commit if they shared a row, so each server process has its own shard.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from metering.rules.receipts import Receipt
from monetization.foundation.models import Environment

LATE = timedelta(hours=1)
MILLISECOND = timedelta(milliseconds=1)
NOTE = """
INSERT INTO metering_ingestminute AS m (environment_id, minute, shard, batches, accepted, duplicates, conflicts,
                                        quarantined, rejected, late, lag_ms_sum, lag_ms_max)
VALUES (%s, date_trunc('minute', %s::timestamptz, 'UTC'), pg_backend_pid() %% 64, 1, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (environment_id, minute, shard) DO UPDATE
SET batches = m.batches + 1, accepted = m.accepted + excluded.accepted,
    duplicates = m.duplicates + excluded.duplicates, conflicts = m.conflicts + excluded.conflicts,
    quarantined = m.quarantined + excluded.quarantined, rejected = m.rejected + excluded.rejected,
    late = m.late + excluded.late, lag_ms_sum = m.lag_ms_sum + excluded.lag_ms_sum,
    lag_ms_max = greatest(m.lag_ms_max, excluded.lag_ms_max)
"""


def note(*, environment: Environment, receipt: Receipt, times: Sequence[datetime], at: datetime) -> None:
    """Add a batch's counts to its minute; ``times`` are those of the accepted events."""
    if not receipt.items:
        return
    lags = [at - time for time in times if time < at]
    longest = max(lags, default=timedelta()) // MILLISECOND
    late = sum([lag // MILLISECOND > LATE // MILLISECOND for lag in lags]) if longest > LATE // MILLISECOND else 0
    total = sum(lags, timedelta()) // MILLISECOND
    counts = (receipt.accepted, receipt.duplicates, receipt.conflicts, receipt.quarantined, receipt.rejected)
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [environment.pk, at, *counts, late, total, longest])
