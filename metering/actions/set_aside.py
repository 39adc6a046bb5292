"""Keep what could not be counted, with its reason and all that was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from metering.queries.admission import Fault
from metering.rules.envelope import Incoming
from monetization.foundation.models import ApiKey, Environment
from monetization.values.canonical import canonical

KEEP = """
INSERT INTO metering_quarantined (environment_id, received_at, received_with_id, status, source, event_id,
                                  digest, reason, field, detail, type, subject, body, repeats)
SELECT %(environment)s, %(at)s, %(key)s, 'OPEN', source, event_id, digest, reason, field, detail, type, subject,
       body::jsonb, repeats
FROM unnest(%(source)s::text[], %(event_id)s::text[], %(digest)s::bytea[], %(reason)s::text[], %(field)s::text[],
            %(detail)s::text[], %(type)s::text[], %(subject)s::text[], %(body)s::text[], %(repeats)s::int[])
  row (source, event_id, digest, reason, field, detail, type, subject, body, repeats)
ORDER BY source, event_id, digest, reason
ON CONFLICT (environment_id, source, event_id, digest, reason) DO UPDATE
SET repeats = metering_quarantined.repeats + excluded.repeats + 1,
    status = CASE metering_quarantined.status WHEN 'DISMISSED' THEN 'DISMISSED' ELSE 'OPEN' END
"""


@dataclass(frozen=True, slots=True)
class Aside:
    """An event, as it was sent, and why it is not counted."""

    event: Incoming
    item: Any
    fault: Fault


def set_aside(*, environment: Environment, asides: Sequence[Aside], received_with: ApiKey | None, at: datetime) -> None:
    """Write one row for each body and reason; a repeat grows `repeats`."""
    rows: dict[tuple[str, str, bytes, str], dict[str, Any]] = {}
    for each in asides:
        digest = each.event.digest(each.event.time)
        key = (each.event.source, each.event.id, digest, str(each.fault.reason))
        if key in rows:
            rows[key]["repeats"] += 1
        else:
            rows[key] = _row(each, digest)
    if not rows:
        return
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    key_id = received_with.pk if received_with else None
    with connection.cursor() as cursor:
        cursor.execute(KEEP, columns | {"environment": environment.pk, "at": at, "key": key_id})


def _row(each: Aside, digest: bytes) -> dict[str, Any]:
    event, fault = each.event, each.fault
    return {
        "source": event.source,
        "event_id": event.id,
        "digest": digest,
        "reason": str(fault.reason),
        "field": fault.field[:120],
        "detail": fault.detail[:300],
        "type": event.type,
        "subject": event.subject,
        "body": canonical(each.item),
        "repeats": 0,
    }
