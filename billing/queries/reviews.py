"""Which invoices wait for somebody, and which drafts are behind what they rest on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from billing.models import Drawdown, Invoice, Movement, TaxRate
from billing.rules.lifecycle import Kind, Status
from metering.models import UsageMark
from monetization.foundation.models import Account, ChangeRequest, Environment, LegalEntity

# A change may become visible a moment after the instant that it carries.
SETTLING = timedelta(seconds=10)


def review_queue(environment: Environment) -> QuerySet[Invoice]:
    """List invoices under review and approved ones not yet issued, riskiest first.

    Each has ``blocking`` and ``warnings``, the numbers of its findings of that severity.
    """
    waiting = Invoice.objects.filter(
        environment=environment, status__in=[Status.IN_REVIEW.value, Status.APPROVED.value]
    )
    return (
        waiting.select_related("account__customer", "contract", "legal_entity", "prepared_by")
        .annotate(
            blocking=Count("flags", filter=Q(flags__severity="BLOCK")),
            warnings=Count("flags", filter=Q(flags__severity="WARN")),
            ready=Case(When(status=Status.APPROVED.value, then=1), default=0, output_field=IntegerField()),
        )
        .order_by("ready", "-blocking", "-warnings", "-total", "pk")
    )


def stale_drafts() -> QuerySet[Invoice]:
    """Find drafts whose usage, terms, balances, tax rates or addresses moved since they were computed."""
    number = UsageMark.objects.filter(account_id=OuterRef("account_id")).values("number")
    since = OuterRef("rated_at") - SETTLING
    moved = (
        _exists(ChangeRequest, environment_id=OuterRef("environment_id"), decided_at__gt=since)
        | _exists(TaxRate.history.model, environment_id=OuterRef("environment_id"), history_date__gt=since)
        | _exists(Account.history.model, id=OuterRef("account_id"), history_date__gt=since)
        | _exists(LegalEntity.history.model, id=OuterRef("legal_entity_id"), history_date__gt=since)
        | _exists(Movement, instrument__account_id=OuterRef("account_id"), booked_at__gt=since)
        | _exists(
            Drawdown, instrument__account_id=OuterRef("account_id"), is_booked=False,
            period_starts_at__lt=OuterRef("period_starts_at"), invoice__rated_at__gt=OuterRef("rated_at"),
        )
    )  # fmt: skip
    return (
        Invoice.objects.filter(status=Status.DRAFT.value)
        .annotate(mark=Coalesce(Subquery(number), Value(0)))
        .filter(Q(rated_at=None) | ~Q(mark=F("usage_mark")) | moved)
        .order_by("pk")
    )


def previous_nets(invoices: Collection[Invoice]) -> dict[int, Decimal]:
    """Map invoices to what their contract's period before came to; a contract's first ones are left out."""
    before = Invoice.objects.filter(
        contract_id=OuterRef("contract_id"), kind=OuterRef("kind"), period_ends_at__lte=OuterRef("period_starts_at")
    )
    latest = before.order_by("-period_starts_at").values("net")[:1]
    found = Invoice.objects.filter(pk__in=[each.pk for each in invoices]).order_by()
    rows = found.annotate(before=Subquery(latest)).exclude(before=None)
    return dict(rows.values_list("pk", "before"))


def late_candidates() -> QuerySet[Invoice]:
    """Find invoices under review or approved whose account got usage, of whatever period, since then."""
    number = UsageMark.objects.filter(account_id=OuterRef("account_id")).values("number")
    waiting = Invoice.objects.filter(kind=Kind.USAGE.value, status__in=[Status.IN_REVIEW.value, Status.APPROVED.value])
    return waiting.annotate(mark=Subquery(number)).filter(mark__gt=F("usage_mark")).order_by("pk")


def _exists(model: type[Model], **conditions: Any) -> Q:
    return Q(Exists(model._default_manager.filter(**conditions)))
