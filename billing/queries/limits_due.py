"""Which accounts' limits of money are behind: usage, terms or balances moved since billing wrote their counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from catalog.models import Contract
from metering.models import Limit

MOST = 200
# A change may become visible a moment after the instant that it carries.
BEHIND = """
SELECT k.id, array_agg(l.id ORDER BY l.id)
FROM metering_limit l
JOIN catalog_contract k ON k.environment_id = l.environment_id AND k.status = 'APPROVED' AND k.currency = l.currency
  AND (l.account_id IS NULL OR l.account_id = k.account_id)
JOIN foundation_account a ON a.id = k.account_id
LEFT JOIN metering_usagemark m ON m.account_id = k.account_id
LEFT JOIN LATERAL (
  SELECT c.* FROM metering_counter c WHERE c.limit_id = l.id AND c.account_id = k.account_id
    AND c.starts_at <= %(at)s AND c.ends_at > %(at)s ORDER BY c.starts_at DESC LIMIT 1
) c ON true
WHERE l.kind <> 'QUANTITY' AND l.ended_at IS NULL
  AND k.start_date <= (%(at)s AT TIME ZONE a.time_zone)::date
  AND (k.end_date IS NULL OR k.end_date >= (%(at)s AT TIME ZONE a.time_zone)::date)
  AND (c.as_of IS NULL OR c.mark IS DISTINCT FROM coalesce(m.number, 0) OR c.changed_at > c.as_of
    OR c.as_of < %(at)s - interval '1 hour'
    OR EXISTS (SELECT FROM metering_hold h WHERE h.account_id = k.account_id AND h.holds_spend
      AND h.status = 'SETTLED')
    OR EXISTS (SELECT FROM foundation_changerequest r WHERE r.environment_id = l.environment_id
      AND r.decided_at > c.as_of - interval '10 seconds')
    OR EXISTS (SELECT FROM billing_movement v JOIN catalog_instrument i ON i.id = v.instrument_id
      WHERE i.account_id = k.account_id AND v.booked_at > c.as_of - interval '10 seconds'))
GROUP BY k.id ORDER BY min(c.as_of) NULLS FIRST, k.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """A contract in force, and the limits of money of its account."""

    contract: Contract
    limits: Sequence[Limit]


def limits_behind(at: datetime, most: int = MOST) -> list[Behind]:
    """List contracts whose limits of money want a word of billing, those that wait longest first; in three queries."""
    asked: dict[str, Any] = {"at": at, "most": most}
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, asked)
        found: list[tuple[int, list[int]]] = cursor.fetchall()
    if not found:
        return []
    related = ("account", "legal_entity", "environment")
    contracts = Contract.objects.select_related(*related).in_bulk([pk for pk, _ in found])
    ids = {limit for _, limits in found for limit in limits}
    limits = Limit.objects.select_related("product").in_bulk(ids)
    return [Behind(contracts[pk], [limits[each] for each in mine]) for pk, mine in found]
