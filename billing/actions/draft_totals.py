"""Keep what drafts come to, past the history, which is for what people decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from billing.models import Invoice
from billing.rules.totals import Totals

Kept = tuple[Invoice, Totals, int, bytes | None]  # its usage mark, and the digest of its terms
KEEP = """
UPDATE billing_invoice i
SET net = r.net, tax = r.tax, total = r.total, usage_mark = r.mark, terms_digest = r.digest, rated_at = %s,
    revision = i.revision + 1
FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::bigint[], %s::bytea[])
  r (id, net, tax, total, mark, digest)
WHERE i.id = r.id AND i.status = 'DRAFT'
"""


def keep_totals(kept: Sequence[Kept], *, at: datetime) -> None:
    """Write the totals of drafts, and into the rows at hand."""
    columns: list[Any] = [
        [invoice.pk for invoice, *_ in kept], [totals.net for _, totals, *_ in kept],
        [totals.tax for _, totals, *_ in kept], [totals.total for _, totals, *_ in kept],
        [mark for _, _, mark, _ in kept], [digest for *_, digest in kept],
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(KEEP, [at, *columns])
    for invoice, totals, mark, digest in kept:
        invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total
        invoice.usage_mark, invoice.terms_digest, invoice.rated_at = mark, digest, at
        invoice.revision += 1
