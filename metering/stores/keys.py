"""The keys of dropped events: their hashes, by which a repeat is still known though the event itself is gone.

The door looks a key up here only where a repeat could lie within its window (±35 days) in a month that was dropped,
which fresh events never do; the sweep looks up the keys of all new events, so that one sent again with a time far
away is taken out as any other far repeat. While nothing was ever dropped both cost one look at the list of months.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from hashlib import sha256

from django.db import connection

from metering.models import EventPartition
from metering.rules.envelope import Kept
from metering.stores.gone import dropped_months, is_near
from metering.stores.postgres import Key

KEPT = 'SELECT key, digest, "time", is_time_given FROM metering_eventkey WHERE environment_id = %s AND key = ANY(%s)'
# An event that still lies in its month while that month's keys are being kept has its own time: no repeat.
REPEATED = """
SELECT e.seq, k.digest, k."time", k.is_time_given, e.environment_id
FROM metering_event e
JOIN metering_eventkey k ON k.environment_id = e.environment_id AND k."time" <> e."time"
  AND k.key = substr(sha256(convert_to(e.source, 'UTF8') || '\\x00'::bytea || convert_to(e.event_id, 'UTF8')), 1, 16)
WHERE e.seq > %s AND e.seq <= %s AND e.revision = 0
  AND NOT EXISTS (SELECT 1 FROM metering_eventremoval r WHERE r.event_seq = e.seq)
ORDER BY e.seq
"""


def dropped(
    *, environment_id: int, keys: Mapping[Key, datetime], months: Collection[date] | None = None
) -> dict[Key, Kept]:
    """Look up the dropped events that have these keys, where the time given for a key is near a dropped month.

    `months` are the dropped ones, for callers that know them.
    """
    gone = dropped_months() if months is None else months
    if not gone:
        return {}
    by_hash = {hash_of(key): key for key, time in keys.items() if is_near(time, gone)}
    if not by_hash:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(KEPT, [environment_id, list(by_hash)])
        return {by_hash[bytes(key)]: Kept(bytes(digest), time, given) for key, digest, time, given in cursor.fetchall()}


def repeated(*, after: int, until: int) -> list[tuple[int, Kept, int]]:
    """List events after and up to a `seq` whose key a dropped event had: (seq, what is kept of it, environment)."""
    if not EventPartition.objects.filter(kept_seq__gt=0).exists():
        return []
    with connection.cursor() as cursor:
        cursor.execute(REPEATED, [after, until])
        return [(seq, Kept(bytes(digest), time, given), env) for seq, digest, time, given, env in cursor.fetchall()]


def hash_of(key: Key) -> bytes:
    """Hash a key as the database does when it keeps it."""
    return sha256("\0".join(key).encode()).digest()[:16]
