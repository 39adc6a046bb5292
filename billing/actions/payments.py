"""Record money that arrived. An invoice is PAID once all of it has; more than is open is refused."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.actions import ledger
from billing.models import Invoice, Payment
from billing.rules import transfers
from billing.rules.lifecycle import Status, guard
from billing.rules.receipts import guard_amount, guard_day
from monetization.foundation.actions import audit, outbox, rows
from monetization.foundation.models import User
from monetization.foundation.queries import subject_of
from monetization.values.errors import Conflict, Invalid
from monetization.values.money import EXACT, Money, round_once
from monetization.values.periods import local_date


@transaction.atomic
def record(
    *,
    invoice: Invoice,
    amount: Decimal,
    currency: str,
    received_date: date,
    reference: str,
    by: User,
    at: datetime,
) -> Payment:
    """Record a payment of an issued invoice; its reference happens once in an environment.

    Raises Invalid for another currency, more digits than it has, an amount not above zero or above what is open,
    a day in the future or before the invoice; Conflict for a reference that was recorded already.
    """
    rows.allow(by, "billing.record_payment")
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.PAID)
    left = Money(EXACT.subtract(invoice.total, invoice.paid), invoice.currency)
    guard_amount(amount, currency, open_amount=left)
    guard_day(received_date, today=local_date(at, invoice.account.time_zone))
    payment = _kept(invoice, amount, received_date, reference.strip(), by, at)
    transfer = transfers.paid(invoice.pk, payment.pk, amount, ledger.books_of(invoice))
    ledger.book(invoice=invoice, transfers=[transfer], at=at)
    invoice.paid = EXACT.add(invoice.paid, amount)
    invoice.revision += 1
    settled = invoice.paid == invoice.total
    if settled:
        invoice.status = Status.PAID.value
    rows.keep(invoice, by=by, at=at)
    _tell(invoice, payment, settled, at)
    return payment


def _kept(invoice: Invoice, amount: Decimal, received: date, reference: str, by: User, at: datetime) -> Payment:
    if not reference:
        raise Invalid("A payment needs its reference", field="reference", fix="Copy it from the bank statement")
    mine = Payment.objects.filter(environment_id=invoice.environment_id, reference=reference)
    if mine.exists():
        raise Conflict("This payment is recorded already", field="reference", fix="Look it up by its reference")
    payment = Payment(
        environment_id=invoice.environment_id, invoice=invoice, amount=amount, currency=invoice.currency,
        received_date=received, reference=reference, recorded_by=by, recorded_at=at,
    )  # fmt: skip
    rows.check(payment)
    rows.keep(payment, by=by, at=at)
    return payment


def _tell(invoice: Invoice, payment: Payment, settled: bool, at: datetime) -> None:
    after = {"amount": payment.amount, "reference": payment.reference, "paid": invoice.paid}
    audit.record(
        environment=invoice.environment, action="payment.recorded", subject=invoice, by=payment.recorded_by, at=at,
        after=after,
    )  # fmt: skip
    if settled:
        outbox.publish(
            environment=invoice.environment,
            topic="invoice.paid",
            subject=subject_of(invoice),
            payload={
                "number": invoice.number,
                "total": str(round_once(invoice.total, invoice.currency)),
                "currency": invoice.currency,
            },
            at=at,
        )
