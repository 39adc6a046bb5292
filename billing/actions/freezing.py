"""Hold still what an invoice rests on and prints: usage while it is summed up, copy and bookings once issued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from billing.actions import ledger
from billing.models import Invoice, InvoiceLine, IssuedCopy
from billing.queries.paid import pot_of
from billing.queries.paper import document_from_rows
from billing.rules import transfers
from billing.rules.anomalies import Severity
from billing.rules.lifecycle import Kind, Status
from billing.rules.pots import Pot
from billing.rules.printed import content_of
from billing.rules.scopes import LineKind
from catalog.models import Contract, Instrument
from metering.models import UsageMark
from monetization.values.canonical import digest
from monetization.values.periods import local_date


def hold_usage(invoice: Invoice, at: datetime) -> None:
    """Let no usage of the account be added until this transaction ends, so that the frozen sum is one sum."""
    UsageMark.objects.bulk_create([UsageMark(account_id=invoice.account_id, changed_at=at)], ignore_conflicts=True)
    UsageMark.objects.select_for_update().get(account_id=invoice.account_id)


def note_billed(contract: Contract) -> None:
    """Note on a locked contract until when its usage is on frozen invoices: amendments take effect after that."""
    frozen = Invoice.objects.filter(contract=contract, kind=Kind.USAGE.value).exclude(status=Status.DRAFT.value)
    last = frozen.order_by("-period_ends_at").first()
    until = local_date(last.period_ends_at, contract.account.time_zone) if last is not None else None
    Contract.objects.filter(pk=contract.pk).update(billed_until=until)


def note_grace(invoice: Invoice, at: datetime) -> None:
    """Flag an invoice whose account still has days of grace."""
    if invoice.kind == Kind.COMMIT.value:
        return
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
    """Book what the customer owes, each line and each tax, and what expired of value paid for."""
    books, pots = ledger.books_of(invoice), _pots(invoice)
    dues = [due for line in invoice.lines.select_related("product", "instrument") for due in _dues(line, pots)]
    taxes = invoice.taxes.values_list("category", "percent", "amount")
    dues += [transfers.tax_due(*tax) for tax in taxes]
    lost = ((key, pot.expire()) for key, pot in sorted(pots.items()))
    booked = [*transfers.issued(invoice.pk, dues, books), *transfers.expired(invoice.pk, lost, books)]
    ledger.book(invoice=invoice, transfers=booked, at=at)


def _pots(invoice: Invoice) -> dict[int, Pot]:
    """Give the prepaid value that the invoice draws on, as it found it."""
    rows = invoice.drawdowns.filter(instrument__kind=Instrument.Kind.PREPAID, opening__gt=0)
    return {row.instrument_id: pot_of(row, invoice.currency) for row in rows.select_related("instrument__rolled_from")}


def _dues(line: InvoiceLine, pots: Mapping[int, Pot]) -> Iterator[transfers.Due]:
    """Say who earns a line: its product; what is owed to the customer, where it is bought or drawn."""
    product = line.product.key if line.product is not None else ""
    if line.kind == LineKind.DRAWDOWN.value and line.instrument_id is not None:
        paid = pots[line.instrument_id].draw(-line.amount) if line.instrument_id in pots else Decimal(0)
        yield from transfers.drawn_dues(line.position, line.amount, paid)
    elif line.invoice.kind == Kind.COMMIT.value:
        yield transfers.deferred_due(line.position, line.amount)
    else:
        yield transfers.line_due(line.position, product, line.amount)
