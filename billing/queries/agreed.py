"""What a contract says on an invoice's last day, beside its prices: net days and the customer's order."""

from __future__ import annotations

from datetime import timedelta

from billing.models import Invoice
from catalog.queries import settings_on
from catalog.rules.settings import Settings
from monetization.values.periods import local_date


def agreed_by(invoice: Invoice) -> Settings:
    """Give the settings of an invoice's contract, amendments counted that take effect by the end of its period."""
    last = local_date(invoice.period_ends_at, invoice.account.time_zone) - timedelta(days=1)
    return settings_on(invoice.contract, last)
