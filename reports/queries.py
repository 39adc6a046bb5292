"""The SQL behind the pages of insight: what was billed, what is open, what still runs. Reads only.

Amounts stay in the currency of their invoice; nothing is converted, so each currency is a row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from billing.models import Invoice
from billing.queries.queue import Tab, queue
from billing.rules.lifecycle import Status
from monetization.foundation.models import Account, Environment, User
from monetization.foundation.queries import accounts_for

BOOKED = (Status.ISSUED.value, Status.PAID.value)
TOP = 10


@dataclass(frozen=True, slots=True)
class MonthBilled:
    """Net amounts of one month and currency, by where the invoices stand."""

    month: date
    currency: str
    issued: Decimal
    waiting: Decimal
    invoices: int


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is open in one currency, and how much of it is past its due date."""

    currency: str
    open: Decimal
    overdue: Decimal
    invoices: int


@dataclass(frozen=True, slots=True)
class AccountBilled:
    """What an account was billed in one currency, net, over all issued invoices."""

    account_id: int
    name: str
    currency: str
    net: Decimal
    invoices: int


def billed_by_month(accounts: QuerySet[Account]) -> list[MonthBilled]:
    """Sum invoices by the month in which their period starts; newest first, 24 rows at most."""
    booked = Q(status__in=BOOKED)
    rows = (
        Invoice.objects.filter(account__in=accounts)
        .annotate(month=TruncMonth("period_starts_at"))
        .values("month", "currency")
        .annotate(issued=Sum("net", filter=booked), waiting=Sum("net", filter=~booked), invoices=Count("pk"))
        .order_by("-month", "currency")[:24]
    )
    return [
        MonthBilled(
            row["month"].date(), row["currency"], row["issued"] or Decimal(0), row["waiting"] or Decimal(0),
            row["invoices"],
        )
        for row in rows
    ]  # fmt: skip


def receivables(accounts: QuerySet[Account], on: date) -> list[Receivable]:
    """Sum what is issued and not yet paid, by currency."""
    late = Q(due_date__lt=on)
    rows = (
        Invoice.objects.filter(account__in=accounts, status=Status.ISSUED.value)
        .values("currency")
        .annotate(
            open=Sum(F("total") - F("paid")), overdue=Sum(F("total") - F("paid"), filter=late), invoices=Count("pk")
        )
        .order_by("currency")
    )
    return [Receivable(row["currency"], row["open"], row["overdue"] or Decimal(0), row["invoices"]) for row in rows]


def largest_accounts(accounts: QuerySet[Account]) -> list[AccountBilled]:
    """List the accounts billed most in each currency, by issued net amounts."""
    rows = (
        Invoice.objects.filter(account__in=accounts, status__in=BOOKED)
        .values("account_id", "account__name", "currency")
        .annotate(net=Sum("net"), invoices=Count("pk"))
        .order_by("currency", "-net")[: TOP * 5]
    )
    return [
        AccountBilled(row["account_id"], row["account__name"], row["currency"], row["net"], row["invoices"])
        for row in rows
    ]


def invoices_waiting_for(user: User, environment: Environment, *, at: datetime) -> list[Invoice]:
    """List invoices that this person may approve, riskiest first, ten at most; never the own ones."""
    if not user.has_perm("billing.approve_invoice"):
        return []
    waiting = queue(accounts_for(user, environment), Tab.REVIEW, at=at).filter(status=Status.IN_REVIEW.value)
    return list(waiting.exclude(prepared_by=user)[:TOP])
