"""What still needs the raw events of a month: every answer is a sentence, none means that they may go.

A month is kept whole or dropped whole. Its events are needed while anything that bills them can change: while a
contract's period in it is not issued, its evidence not frozen, late usage not settled, a contract not yet signed.
Only live environments hold a month back: what a sandbox tries out is owed by nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection

from metering.queries import partitions

SHOWN = 3

UNISSUED = """
SELECT a.name || ': contract ' || c.key || ' has a period that is not issued'
FROM catalog_contract c
JOIN foundation_account a ON a.id = c.account_id
JOIN foundation_environment v ON v.id = c.environment_id AND v.kind = 'LIVE'
CROSS JOIN LATERAL (SELECT tstzrange(%(from)s, %(to)s) * tstzrange(
    c.start_date::timestamp AT TIME ZONE a.time_zone, (c.last_date + 1)::timestamp AT TIME ZONE a.time_zone)) n(needed)
WHERE c.status = 'APPROVED' AND NOT isempty(n.needed) AND NOT tstzmultirange(n.needed) <@ coalesce(
  (SELECT range_agg(tstzrange(i.period_starts_at, i.period_ends_at)) FROM billing_invoice i
    WHERE i.contract_id = c.id AND i.kind = 'USAGE' AND i.status IN ('ISSUED', 'PAID')), '{}')
ORDER BY 1
"""
OPEN = """
SELECT a.name || ': an invoice (' || lower(replace(i.status, '_', ' ')) || ') bills time of this month'
FROM billing_invoice i
JOIN foundation_account a ON a.id = i.account_id
JOIN foundation_environment v ON v.id = i.environment_id AND v.kind = 'LIVE'
WHERE i.status NOT IN ('ISSUED', 'PAID', 'VOID') AND i.period_starts_at < %(to)s AND i.period_ends_at > %(from)s
ORDER BY i.id
"""
UNSIGNED = """
SELECT DISTINCT a.name || ': contract ' || c.key || ' is not approved, and there is usage in its time'
FROM catalog_contract c
JOIN foundation_account a ON a.id = c.account_id
JOIN foundation_environment v ON v.id = c.environment_id AND v.kind = 'LIVE'
WHERE c.status NOT IN ('APPROVED', 'REJECTED', 'WITHDRAWN')
  AND tstzrange(%(from)s, %(to)s) && tstzrange(
    c.start_date::timestamp AT TIME ZONE a.time_zone, (c.end_date + 1)::timestamp AT TIME ZONE a.time_zone)
  AND EXISTS (SELECT FROM metering_hourlyusage u
    WHERE u.account_id = a.id AND u.hour >= %(from)s AND u.hour < %(to)s AND u.events > 0)
ORDER BY 1
"""
LATE = """
SELECT DISTINCT a.name || ': usage came after invoice ' || i.number || ' was frozen and is not settled'
FROM billing_invoice i
JOIN foundation_account a ON a.id = i.account_id
JOIN foundation_environment v ON v.id = i.environment_id AND v.kind = 'LIVE'
WHERE i.status IN ('ISSUED', 'PAID') AND i.kind = 'USAGE'
  AND i.period_starts_at < %(to)s AND i.period_ends_at > %(from)s
  AND EXISTS (SELECT FROM metering_hourlyusage u WHERE u.account_id = i.account_id AND u.mark > i.usage_mark
    AND u.hour >= greatest(i.period_starts_at, %(from)s) AND u.hour < least(i.period_ends_at, %(to)s))
ORDER BY 1
"""
UNPROVEN = """
SELECT a.name || ': line ' || l.position || ' of invoice ' || i.number || ' has no evidence'
FROM billing_invoiceline l
JOIN billing_invoice i ON i.id = l.invoice_id
JOIN foundation_account a ON a.id = i.account_id
JOIN foundation_environment v ON v.id = i.environment_id AND v.kind = 'LIVE'
WHERE i.status IN ('ISSUED', 'PAID') AND l.metric_version_id IS NOT NULL
  AND l.starts_at < %(to)s AND l.ends_at > %(from)s
  AND NOT EXISTS (SELECT FROM billing_evidence e WHERE e.line_id = l.id)
ORDER BY i.id, l.position
"""
QUESTIONS = (UNISSUED, OPEN, UNSIGNED, LATE, UNPROVEN)


def reasons(*, month: date, months_kept: int | None, at: datetime) -> list[str]:
    """Say why the events of a month must stay, at an instant and under a policy; nothing where they may be dropped."""
    return [*_policy(month, months_kept, at), *partitions.needed(month), *_billing(month)]


def expired(*, months_kept: int | None, at: datetime) -> list[date]:
    """List the sealed months that are older than the policy keeps them, earliest first."""
    return [month for month in partitions.sealed() if not list(_policy(month, months_kept, at))]


def _policy(month: date, months_kept: int | None, at: datetime) -> Iterator[str]:
    if months_kept is None:
        yield "Events are kept for ever: EVENT_RETENTION_MONTHS is not set"
        return
    until = month
    for _ in range(months_kept + 1):
        until = partitions.following(until)
    if at.date() < until:
        yield f"Events are kept for {months_kept} months: these until {until:%d %B %Y}"


def _billing(month: date) -> Iterator[str]:
    period = partitions.span(month)
    for sql in QUESTIONS:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"from": period.starts_at, "to": period.ends_at})
            found = [row[0] for row in cursor.fetchall()]
        yield from found[:SHOWN]
        if len(found) > SHOWN:
            yield f"… and {len(found) - SHOWN} more like this"
