"""Named checks of the books: each says one sentence that must hold, and finds the rows for which it doesn't.

They distrust the code that wrote the rows and the constraints around it: most are one query on the tables alone,
the others (`billing.queries.proofs`) compute again from what is frozen. Clean books answer with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection

from billing.queries.proofs import PROOFS

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Check:
    """A sentence about the books, and how to find what contradicts it at an instant."""

    name: str
    sentence: str
    find: Callable[[datetime], Rows]


def books_checks() -> tuple[Check, ...]:
    """List all checks in the order in which they are read."""
    asked = tuple(Check(name, sentence, partial(_found, sql)) for name, sentence, sql in QUERIES)
    return asked + tuple(Check(*proof) for proof in PROOFS)


def _found(sql: str, at: datetime) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"at": at} if "%(at)s" in sql else None)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


SUMS = """
SELECT i.id AS invoice, i.number, i.net, l.net AS lines, i.tax, t.tax AS taxes, i.total
FROM billing_invoice i,
  LATERAL (SELECT coalesce(sum(amount), 0) AS net FROM billing_invoiceline WHERE invoice_id = i.id) l,
  LATERAL (SELECT coalesce(sum(amount), 0) AS tax FROM billing_invoicetax WHERE invoice_id = i.id) t
WHERE i.net <> l.net OR i.tax <> t.tax OR i.total <> l.net + t.tax ORDER BY i.id
"""
TAX_BASES = """
SELECT i.id AS invoice, i.number, i.net, t.base AS taxed
FROM billing_invoice i, LATERAL (SELECT sum(base) AS base FROM billing_invoicetax WHERE invoice_id = i.id) t,
  LATERAL (SELECT coalesce(sum(amount), 0) AS net FROM billing_invoiceline
    WHERE invoice_id = i.id AND (amount >= 0 OR lowers_tax)) l
WHERE i.status NOT IN ('DRAFT', 'IN_REVIEW') AND coalesce(t.base, 0) <> l.net ORDER BY i.id
"""
TRANSFERS = """
SELECT i.id AS invoice, i.number, i.status, i.total, b.billed, i.paid, b.settled, p.paid AS payments
FROM billing_invoice i,
  LATERAL (SELECT
      coalesce(sum(CASE d.code WHEN 'receivable' THEN t.amount ELSE -t.amount END)
        FILTER (WHERE t.code = 'invoice_issued'), 0) AS billed,
      coalesce(sum(t.amount) FILTER (WHERE t.code = 'payment_recorded'), 0) AS settled,
      coalesce(bool_or(t.currency <> i.currency
        OR ('receivable' NOT IN (d.code, c.code) AND t.code <> 'value_expired')), false) AS strange
    FROM billing_transfer t JOIN billing_ledgeraccount d ON d.id = t.debit_id
      JOIN billing_ledgeraccount c ON c.id = t.credit_id WHERE t.invoice_id = i.id) b,
  LATERAL (SELECT coalesce(sum(amount), 0) AS paid FROM billing_payment WHERE invoice_id = i.id) p
WHERE b.billed <> CASE WHEN i.status IN ('ISSUED', 'PAID') THEN i.total ELSE 0 END
   OR b.settled <> i.paid OR p.paid <> i.paid OR (i.status = 'PAID') <> (i.number <> '' AND i.paid = i.total)
   OR b.strange ORDER BY i.id
"""
NUMBERS = """
WITH given AS (
  SELECT i.id, i.legal_entity_id, i.number, (regexp_match(i.number, '(\\d{4})-(\\d+)$'))[1]::int AS year,
    (regexp_match(i.number, '(\\d{4})-(\\d+)$'))[2]::int AS n
  FROM billing_invoice i WHERE i.number <> ''
), wanted AS (
  SELECT s.legal_entity_id, s.year, n FROM foundation_numberseries s, generate_series(1, s.last_number) n
  WHERE s.kind = 'INVOICE'
)
SELECT coalesce(w.legal_entity_id, g.legal_entity_id) AS legal_entity, coalesce(w.year, g.year) AS year,
  w.n AS missing, g.number AS unknown, min(g.id) AS invoice, count(g.id) AS times
FROM wanted w FULL JOIN given g USING (legal_entity_id, year, n)
GROUP BY 1, 2, 3, 4 HAVING count(g.id) <> 1 OR w.n IS NULL ORDER BY 1, 2, 3
"""
COPIES = """
SELECT i.id AS invoice, i.number, i.status, c.content->>'number' AS printed, i.total, c.content->>'total' AS on_paper
FROM billing_invoice i LEFT JOIN billing_issuedcopy c ON c.invoice_id = i.id
WHERE (i.number <> '') <> (c.id IS NOT NULL)
   OR (c.id IS NOT NULL AND (c.content->>'number' <> i.number OR c.content->>'currency' <> i.currency
     OR (c.content->>'total')::numeric <> i.total OR (c.content->>'net')::numeric <> i.net
     OR (SELECT coalesce(sum((l->>'amount')::numeric), 0) FROM jsonb_array_elements(c.content->'lines') l) <> i.net))
ORDER BY i.id
"""
OVERLAPS = """
SELECT 'contract' AS kind, a.id AS one, b.id AS other FROM catalog_contract a JOIN catalog_contract b
  ON a.account_id = b.account_id AND a.id < b.id AND a.status = 'APPROVED' AND b.status = 'APPROVED'
  AND daterange(a.start_date, a.last_date, '[]') && daterange(b.start_date, b.last_date, '[]')
UNION ALL
SELECT 'rate card version', a.id, b.id FROM catalog_ratecardversion a JOIN catalog_ratecardversion b
  ON a.rate_card_id = b.rate_card_id AND a.id < b.id AND a.status = 'APPROVED' AND b.status = 'APPROVED'
  AND (a.effective_at = b.effective_at OR a.effective_date = b.effective_date)
UNION ALL
SELECT 'metric version', a.id, b.id FROM catalog_metricversion a JOIN catalog_metricversion b
  ON a.metric_id = b.metric_id AND a.id < b.id AND a.status = 'APPROVED' AND b.status = 'APPROVED'
  AND a.effective_at = b.effective_at
ORDER BY 1, 2
"""
CHECKERS = """
SELECT 'decision' AS kind, d.id, d.subject FROM foundation_decision d WHERE d.by_id = ANY(d.maker_ids)
UNION ALL
SELECT 'invoice', i.id, i.number FROM billing_invoice i WHERE i.approved_by_id = i.prepared_by_id
UNION ALL
SELECT 'invoice without decision', i.id, i.number FROM billing_invoice i
  WHERE i.status IN ('APPROVED', 'ISSUED', 'PAID') AND NOT EXISTS (SELECT 1 FROM foundation_decision d
    WHERE d.subject = 'billing.invoice:' || i.id AND d.digest = i.content_digest AND d.verdict = 'APPROVE')
UNION ALL
SELECT 'request without decision', r.id, r.title FROM foundation_changerequest r
  WHERE r.status IN ('APPROVED', 'SCHEDULED', 'LIVE') AND NOT EXISTS (SELECT 1 FROM foundation_decision d
    WHERE d.subject = 'foundation.change_request:' || r.id AND d.verdict = 'APPROVE')
ORDER BY 1, 2
"""
ENVIRONMENTS = """
SELECT 'invoice' AS kind, i.id FROM billing_invoice i JOIN foundation_account a ON a.id = i.account_id
  JOIN catalog_contract c ON c.id = i.contract_id JOIN foundation_legalentity e ON e.id = i.legal_entity_id
  WHERE i.environment_id <> ALL (ARRAY[a.environment_id, c.environment_id, e.environment_id])
     OR c.account_id <> i.account_id
UNION ALL
SELECT 'line', l.id FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
  JOIN catalog_product p ON p.id = l.product_id WHERE p.environment_id <> i.environment_id
UNION ALL
SELECT 'transfer', t.id FROM billing_transfer t JOIN foundation_legalentity e ON e.id = t.legal_entity_id
  JOIN billing_ledgeraccount d ON d.id = t.debit_id JOIN billing_ledgeraccount c ON c.id = t.credit_id
  LEFT JOIN billing_invoice i ON i.id = t.invoice_id
  WHERE t.environment_id <> e.environment_id OR t.environment_id <> i.environment_id
     OR t.legal_entity_id <> ALL (ARRAY[d.legal_entity_id, c.legal_entity_id])
     OR t.legal_entity_id <> i.legal_entity_id
UNION ALL
SELECT 'payment', p.id FROM billing_payment p JOIN billing_invoice i ON i.id = p.invoice_id
  WHERE p.environment_id <> i.environment_id OR p.currency <> i.currency
UNION ALL
SELECT 'balance', x.id FROM catalog_instrument x JOIN foundation_account a ON a.id = x.account_id
  LEFT JOIN catalog_contract c ON c.id = x.contract_id LEFT JOIN catalog_creditgrant g ON g.id = x.grant_id
  WHERE x.account_id <> coalesce(c.account_id, g.account_id)
     OR a.environment_id <> coalesce(c.environment_id, g.environment_id)
UNION ALL
SELECT 'movement', m.id FROM billing_movement m JOIN catalog_instrument x ON x.id = m.instrument_id
  JOIN billing_invoice i ON i.id = m.invoice_id
  WHERE i.account_id <> x.account_id OR i.currency <> x.currency
UNION ALL
SELECT 'contract', c.id FROM catalog_contract c JOIN foundation_account a ON a.id = c.account_id
  JOIN catalog_ratecard r ON r.id = c.rate_card_id JOIN foundation_legalentity e ON e.id = c.legal_entity_id
  WHERE c.environment_id <> ALL (ARRAY[a.environment_id, r.environment_id, e.environment_id])
UNION ALL
SELECT 'account', a.id FROM foundation_account a JOIN foundation_customer c ON c.id = a.customer_id
  WHERE a.environment_id <> c.environment_id
UNION ALL
SELECT 'charge', h.id FROM catalog_charge h JOIN catalog_ratecardversion v ON v.id = h.version_id
  JOIN catalog_ratecard r ON r.id = v.rate_card_id JOIN catalog_product p ON p.id = h.product_id
  JOIN catalog_metric m ON m.id = h.metric_id
  WHERE r.environment_id <> ALL (ARRAY[p.environment_id, m.environment_id])
UNION ALL
SELECT 'usage', u.id FROM metering_hourlyusage u JOIN foundation_account a ON a.id = u.account_id
  JOIN catalog_metricversion v ON v.id = u.metric_version_id JOIN catalog_metric m ON m.id = v.metric_id
  WHERE a.environment_id <> m.environment_id
ORDER BY 1, 2
"""
OUTBOX = """
SELECT 'message' AS kind, id, topic AS what, created_at AS since FROM foundation_message
  WHERE spread_at IS NULL AND created_at < %(at)s::timestamptz - interval '10 minutes'
UNION ALL
SELECT 'delivery', id, last_answer, next_attempt_at FROM foundation_delivery
  WHERE status = 'PENDING' AND next_attempt_at < %(at)s::timestamptz - interval '1 hour'
ORDER BY 4
"""
DOCUMENTS = """
SELECT d.id AS document, d.invoice_id AS invoice, d.status, d.attempts, d.last_error FROM billing_document d
  WHERE d.status = 'PARKED'
     OR (d.status = 'PENDING' AND d.next_attempt_at < %(at)s::timestamptz - interval '10 minutes')
     OR (d.status = 'READY' AND (d.sha256 IS NULL OR d.file = ''))
UNION ALL
SELECT NULL, i.id, i.status, NULL, 'no document was ordered' FROM billing_invoice i
  WHERE i.number <> '' AND NOT EXISTS (SELECT 1 FROM billing_document d WHERE d.invoice_id = i.id)
ORDER BY 2
"""
BALANCES = """
WITH running AS (
  SELECT instrument_id, at, sum(amount) OVER (PARTITION BY instrument_id ORDER BY at) AS balance FROM billing_movement
), booked AS (
  SELECT invoice_id, instrument_id, -sum(amount) AS moved FROM billing_movement WHERE invoice_id IS NOT NULL
  GROUP BY 1, 2
), drawing AS (
  SELECT d.invoice_id, d.instrument_id, d.drawn, d.is_booked, i.status,
    CASE WHEN d.is_booked THEN d.drawn + d.expired + d.rolled ELSE 0 END AS used
  FROM billing_drawdown d JOIN billing_invoice i ON i.id = d.invoice_id
), lowered AS (
  SELECT invoice_id, instrument_id, -sum(amount) AS covered FROM billing_invoiceline WHERE kind = 'drawdown'
  GROUP BY 1, 2
)
SELECT 'below zero' AS wrong, instrument_id AS instrument, NULL::bigint AS invoice, min(balance) AS figure
  FROM running WHERE balance < 0 GROUP BY instrument_id
UNION ALL
SELECT 'granted', x.id, NULL, sum(m.amount) FROM billing_movement m JOIN catalog_instrument x ON x.id = m.instrument_id
  WHERE m.kind = 'GRANTED' GROUP BY x.id, x.amount HAVING sum(m.amount) <> x.amount
UNION ALL
SELECT 'opened below zero', d.instrument_id, d.invoice_id, d.opening FROM billing_drawdown d WHERE d.opening < 0
UNION ALL
SELECT 'rolled over', x.id, NULL, r.amount
  FROM catalog_instrument x JOIN catalog_contract c ON c.id = x.contract_id AND c.status = 'APPROVED',
  LATERAL (SELECT coalesce(sum(amount), 0) AS amount FROM billing_movement
    WHERE instrument_id = x.id AND kind IN ('ROLLED', 'GRANTED')) r,
  LATERAL (SELECT coalesce(sum(rolled), 0) AS amount FROM billing_drawdown
    WHERE instrument_id = x.rolled_from_id AND is_booked) o
  WHERE x.rolled_from_id IS NOT NULL AND (r.amount <> o.amount OR r.amount > x.amount)
UNION ALL
SELECT 'movements and invoice differ', coalesce(b.instrument_id, d.instrument_id),
    coalesce(b.invoice_id, d.invoice_id), b.moved
  FROM booked b FULL JOIN drawing d USING (invoice_id, instrument_id) WHERE coalesce(b.moved, 0) <> coalesce(d.used, 0)
UNION ALL
SELECT 'frozen and not drawn', instrument_id, invoice_id, drawn FROM drawing WHERE is_booked <> (status <> 'DRAFT')
UNION ALL
SELECT 'lines and drawdown differ', x.id, coalesce(l.invoice_id, d.invoice_id), l.covered
  FROM lowered l FULL JOIN drawing d USING (invoice_id, instrument_id)
  JOIN catalog_instrument x ON x.id = instrument_id
  WHERE x.kind <> 'POSTPAID' AND coalesce(l.covered, 0) <> coalesce(d.drawn, 0)
ORDER BY 2, 3, 1
"""
QUERIES: tuple[tuple[str, str, str], ...] = (
    ("lines_sum_to_total", "An invoice's total is the sum of its printed lines and taxes.", SUMS),
    ("tax_rests_on_lines", "The bases of an approved invoice's taxes sum to its net.", TAX_BASES),
    ("invoice_matches_transfers", "What an issued invoice bills and what was paid of it is booked.", TRANSFERS),
    ("credits_not_overdrawn", "No balance was ever below zero, and each is what invoices drew of it.", BALANCES),
    ("copy_matches_invoice", "Every issued invoice has a frozen copy that says the same.", COPIES),
    ("numbers_without_gaps", "Each number of a series up to its counter is on exactly one invoice.", NUMBERS),
    ("versions_do_not_overlap", "At an instant one contract and one version of anything is in force.", OVERLAPS),
    ("checker_is_not_maker", "Nobody approved what he made, and nothing is approved without a decision.", CHECKERS),
    ("environments_do_not_mix", "Rows that belong together are of one environment.", ENVIRONMENTS),
    ("outbox_is_moving", "No message waits longer than its turn.", OUTBOX),
    ("documents_are_made", "Every issued invoice has its document, and none is stuck.", DOCUMENTS),
)


def summary(found: Mapping[str, Rows]) -> int:
    """Count the offending rows."""
    return sum(map(len, found.values()))
