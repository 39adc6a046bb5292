"""Say what happened to an invoice: to the audit log, and to the world when it was issued."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from billing.models import Invoice
from monetization.foundation.actions import audit, outbox
from monetization.foundation.models import User
from monetization.foundation.queries import subject_of
from monetization.values.money import round_once


def announce(invoice: Invoice, at: datetime) -> None:
    """Publish `invoice.issued`."""
    outbox.publish(
        environment=invoice.environment,
        topic="invoice.issued",
        subject=subject_of(invoice),
        payload={
            "number": invoice.number,
            "account": invoice.account.key,
            "contract": invoice.contract.key,
            "currency": invoice.currency,
            "total": str(round_once(invoice.total, invoice.currency)),
            "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
        },
        at=at,
    )


def sums(invoice: Invoice) -> dict[str, Any]:
    """Give the totals as the log says them."""
    named = {"net": invoice.net, "tax": invoice.tax, "total": invoice.total}
    return {name: round_once(amount, invoice.currency) for name, amount in named.items()} | {
        "currency": invoice.currency
    }


def record(
    invoice: Invoice,
    verb: str,
    *,
    by: User | None,
    at: datetime,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write who did what; `verb` is past tense."""
    audit.record(
        environment=invoice.environment, action=f"invoice.{verb}", subject=invoice, by=by, at=at,
        after=after, reason=reason,
    )  # fmt: skip


def record_drafted(invoices: Iterable[Invoice], *, by: User | None, at: datetime) -> None:
    """Write who drafted invoices, in their order."""
    audit.record_all(
        audit.entry(
            environment=invoice.environment, action="invoice.drafted", subject=invoice, by=by, at=at,
            after={"period": invoice.period_starts_at, "contract": invoice.contract.key},
        )
        for invoice in invoices
    )  # fmt: skip
