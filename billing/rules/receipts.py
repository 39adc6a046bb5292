"""What may be recorded as money received for an invoice: its own currency, more than zero, no more than is open."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from monetization.values.errors import Invalid
from monetization.values.money import Money


def guard_amount(amount: Decimal, currency: str, *, open_amount: Money) -> None:
    """Refuse another currency, more digits than it has, zero or less, and more than is open. Raises Invalid."""
    if currency != open_amount.currency:
        raise Invalid(
            f"The invoice is in {open_amount.currency}",
            field="currency",
            fix=f"Record the amount in {open_amount.currency}",
        )
    if amount <= 0:
        raise Invalid("A payment is more than zero", field="amount", fix="Give the amount that arrived")
    if Money(amount, currency) > open_amount:
        raise Invalid(
            f"Only {open_amount} of this invoice is open",
            field="amount",
            fix="Record what belongs to this invoice, and the rest for the invoice that it pays",
        )


def guard_day(received: date, *, today: date) -> None:
    """Refuse a day that is still to come. Raises Invalid."""
    if received > today:
        raise Invalid("This day is still to come", field="received_date", fix="Give the day on which it arrived")
