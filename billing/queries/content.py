"""The digest that binds an approval to what was seen: everything printed, and the evidence behind each line."""

from __future__ import annotations

from billing.models import Evidence, Invoice
from billing.queries.paper import document_from_rows
from billing.rules.printed import content_of
from monetization.values.canonical import digest


def content_digest(invoice: Invoice) -> bytes:
    """Digest an invoice as it stands. The instant of review is part of it: a new review asks anew."""
    evidence = Evidence.objects.filter(line__invoice_id=invoice.pk).order_by("line__position")
    return digest(
        {
            "invoice": invoice.pk,
            "reviewed_at": invoice.reviewed_at.isoformat() if invoice.reviewed_at else None,
            "printed": content_of(document_from_rows(invoice)),
            "evidence": [bytes(row).hex() for row in evidence.values_list("digest", flat=True)],
        }
    )
