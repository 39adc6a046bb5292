"""Approve and issue in one go, for the checker who is also the last one asked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.actions import invoices
from billing.models import Invoice
from billing.rules.lifecycle import Status
from monetization.foundation.models import User


@transaction.atomic
def approve_and_issue(*, invoice: Invoice, seen: bytes, by: User, at: datetime) -> Invoice:
    """Approve the content that was seen and, where nobody else is asked, issue it."""
    invoice = invoices.approve(invoice=invoice, seen=seen, by=by, at=at)
    if invoice.status != Status.APPROVED.value:
        return invoice
    return invoices.issue(invoice=invoice, by=by, at=at)
