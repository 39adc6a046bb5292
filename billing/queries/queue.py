"""The lists of the review page: invoices by where they stand, and how many are there."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from billing.models import Invoice
from billing.rules.lifecycle import Kind, Status
from monetization.foundation.models import Account


class Tab(StrEnum):
    """A list of the review page."""

    READY = "ready"
    REVIEW = "review"
    OPEN = "open"
    PAID = "paid"
    RUNNING = "running"

    @property
    def label(self) -> str:
        """Return the words for people."""
        return LABELS[self]

    @staticmethod
    def of(status: str, *, is_over: bool = True) -> Tab:
        """Return the list in which an invoice of this status stands."""
        if status == Status.DRAFT:
            return Tab.READY if is_over else Tab.RUNNING
        return {Status.ISSUED: Tab.OPEN, Status.PAID: Tab.PAID}.get(Status(status), Tab.REVIEW)


LABELS = {
    Tab.READY: "To prepare",
    Tab.REVIEW: "To approve",
    Tab.OPEN: "Open",
    Tab.PAID: "Paid",
    Tab.RUNNING: "Running periods",
}


def queue_tabs(accounts: QuerySet[Account], *, at: datetime) -> list[tuple[Tab, int]]:
    """Count every list of these accounts in one query."""
    counts = Invoice.objects.filter(account__in=accounts).aggregate(
        **{tab.value: Count("pk", filter=_condition(tab, at)) for tab in Tab}
    )
    return [(tab, counts[tab.value]) for tab in Tab]


def queue(accounts: QuerySet[Account], tab: Tab, *, at: datetime) -> QuerySet[Invoice]:
    """List these accounts' invoices of a tab, riskiest first, each with `blocking`, `warnings` and `net_before`."""
    before = (
        Invoice.objects.filter(contract_id=OuterRef("contract_id"), kind=OuterRef("kind"))
        .filter(period_starts_at__lt=OuterRef("period_starts_at"))
        .order_by("-period_starts_at")
        .values("net")[:1]
    )
    return (
        Invoice.objects.filter(_condition(tab, at), account__in=accounts)
        .select_related("account__customer", "prepared_by")
        .annotate(
            blocking=Count("flags", filter=Q(flags__severity="BLOCK")),
            warnings=Count("flags", filter=Q(flags__severity="WARN")),
            net_before=Subquery(before),
        )
        .order_by("-blocking", "-warnings", F("due_date").asc(nulls_last=True), "account__name", "-pk")
    )


def _condition(tab: Tab, at: datetime) -> Q:
    over = Q(period_ends_at__lte=at) | Q(kind=Kind.COMMIT.value)  # a purchase doesn't wait for its period's end
    return {
        Tab.READY: Q(status=Status.DRAFT.value) & over,
        Tab.RUNNING: Q(status=Status.DRAFT.value) & ~over,
        Tab.REVIEW: Q(status__in=[Status.IN_REVIEW.value, Status.APPROVED.value]),
        Tab.OPEN: Q(status=Status.ISSUED.value),
        Tab.PAID: Q(status=Status.PAID.value),
    }[tab]


def neighbours(invoice: Invoice, accounts: QuerySet[Account], *, at: datetime) -> tuple[int | None, int | None]:
    """Return the invoices before and after in the same list, for the keys j and k."""
    tab = Tab.of(invoice.status, is_over=invoice.kind == Kind.COMMIT.value or invoice.period_ends_at <= at)
    keys = list(queue(accounts, tab, at=at).values_list("pk", flat=True)[:500])
    if invoice.pk not in keys:
        return None, None
    here = keys.index(invoice.pk)
    return keys[here - 1] if here else None, keys[here + 1] if here + 1 < len(keys) else None
