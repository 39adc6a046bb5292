"""Deals that are more than a price list: value paid for ahead, and a credit each month."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.models import Invoice
from catalog.actions import commits, recurring
from catalog.models import Contract
from catalog.rules.schedules import Billing, Item
from monetization.foundation.models import User

YEAR = timedelta(days=364)


def agree_more(contract: Contract, month: date, by: User, at: datetime) -> None:
    """Add what Hooli prepays, billed in two invoices, and what Globex is granted each month, to their drafts."""
    first = contract.start_date
    if contract.account.key == "hooli":
        content = commits.CommitDraft(
            kind="PREPAID",
            access=[Item(Decimal(6000), first, first + YEAR)],
            invoices=[Billing(Decimal(3000), first), Billing(Decimal(2400), month)],
            rollover_percent=Decimal(20),
        )
        commits.add(contract=contract, key="annual", name="Annual commit", content=content, by=by, at=at)
    if contract.account.key == "globex":
        recurring.add(
            contract=contract, key="welcome", name="Welcome credit", amount=Decimal(15), cadence="MONTHLY",
            rollover_periods=1, by=by, at=at,
        )  # fmt: skip


def first_purchase() -> Invoice:
    """Find the invoice of the first half of what Hooli prepays."""
    return Invoice.objects.filter(kind="COMMIT", account__key="hooli").earliest("period_starts_at")
