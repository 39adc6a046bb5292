"""Hold still what an invoice rests on and prints: usage while it is summed up, copy and bookings once issued."""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.actions import ledger
from billing.models import Invoice, IssuedCopy
from billing.queries.paper import document_from_rows
from billing.rules import transfers
from billing.rules.anomalies import Severity
from billing.rules.printed import content_of
from metering.models import UsageMark
from monetization.values.canonical import digest


def hold_usage(invoice: Invoice, at: datetime) -> None:
    """Let no usage of the account be added until this transaction ends, so that the frozen sum is one sum."""
    UsageMark.objects.bulk_create([UsageMark(account_id=invoice.account_id, changed_at=at)], ignore_conflicts=True)
    UsageMark.objects.select_for_update().get(account_id=invoice.account_id)


def note_grace(invoice: Invoice, at: datetime) -> None:
    """Flag an invoice whose account still has days of grace."""
    ends_at = invoice.period_ends_at + timedelta(days=invoice.account.grace_days)
    if at < ends_at:
        invoice.flags.create(
            code="GRACE_RUNNING",
            severity=Severity.WARN.value,
            sentence=f"Usage may still come in until {ends_at:%d %B %Y %H:%M} UTC, when grace ends",
        )


def keep_copy(invoice: Invoice, at: datetime) -> None:
    """Write down everything that the invoice prints, for ever."""
    content = content_of(document_from_rows(invoice))
    IssuedCopy.objects.create(invoice=invoice, content=content, digest=digest(content), created_at=at)


def book(invoice: Invoice, at: datetime) -> None:
    """Book what the customer owes: each line and each tax."""
    lines = invoice.lines.values_list("position", "product__key", "amount")
    taxes = invoice.taxes.values_list("category", "percent", "amount")
    dues = [*(transfers.line_due(*line) for line in lines), *(transfers.tax_due(*tax) for tax in taxes)]
    booked = transfers.issued(invoice.pk, dues, ledger.books_of(invoice))
    ledger.book(invoice=invoice, transfers=booked, at=at)
