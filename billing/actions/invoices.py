"""The life of an invoice: draft → review → approve → issue, and back to draft from review.

Each step locks the invoice, asks `rules.lifecycle` whether there is an arrow, changes, records and returns. From
review on, content and approval are bound by a digest over everything printed and the evidence behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.actions import documents, drafts, evidence, ledger, numbers
from billing.models import Invoice, IssuedCopy
from billing.queries.content import content_digest
from billing.queries.paper import document_from_rows
from billing.rules import transfers
from billing.rules.anomalies import Severity
from billing.rules.lifecycle import Kind, Status, guard
from billing.rules.printed import content_of
from catalog.models import Contract
from metering.actions.sweep import sweep
from metering.models import UsageMark
from monetization.foundation.actions import approvals, audit, outbox, rows
from monetization.foundation.models import User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.approvals import Verdict
from monetization.values.canonical import digest
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.periods import Period, local_date

POLICY = "invoice"


@transaction.atomic
def draft(*, contract: Contract, period: Period, by: User | None, at: datetime) -> Invoice:
    """Draft the usage invoice of a contract's period, or bring the one that there is up to date."""
    rows.allow(by, "billing.draft_invoice")
    contract = Contract.objects.select_related("account", "legal_entity").select_for_update().get(pk=contract.pk)
    found = _drafted(contract, period)
    if found is not None:
        return refresh(invoice=found, at=at) if found.status == Status.DRAFT.value else found
    invoice = _new(contract, period, by, at)
    rows.keep(invoice, by=by, at=at)
    _record(invoice, "drafted", by=by, at=at, after={"period": period.starts_at, "contract": contract.key})
    drafts.recompute(invoice, at=at)
    return invoice


@transaction.atomic
def refresh(*, invoice: Invoice, at: datetime) -> Invoice:
    """Rate a draft again. Safe to repeat; raises WrongState once it is under review."""
    invoice = rows.lock(invoice)
    _guard_draft(invoice)
    drafts.recompute(invoice, at=at)
    return invoice


@transaction.atomic
def review(*, invoice: Invoice, by: User | None, at: datetime) -> Invoice:
    """Freeze what the invoice rests on and put it before a checker; `by` is its preparer from now on."""
    rows.allow(by, "billing.review_invoice")
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.IN_REVIEW)
    if invoice.period_ends_at > at:
        raise WrongState(
            "The period of this invoice is still running", fix=f"Review it after {invoice.period_ends_at:%d %B %Y}"
        )
    sweep(at=at)  # repeats that the door could not see, before anything rests on them
    _hold_usage(invoice, at)
    found = drafts.recompute(invoice, at=at)
    if found is None:
        flag = invoice.flags.first()
        raise WrongState("This invoice can't be computed", fix=flag.sentence if flag else None)
    _note_grace(invoice, at)
    evidence.gather(invoice, found)
    invoice.prepared_by, invoice.reviewed_at = by, at
    invoice.content_digest = content_digest(invoice)
    _move(invoice, Status.IN_REVIEW, by=by, at=at)
    _record(invoice, "reviewed", by=by, at=at, after=_sums(invoice))
    return invoice


@transaction.atomic
def send_back(*, invoice: Invoice, reason: str, by: User, at: datetime) -> Invoice:
    """Return an invoice to draft, so that it follows usage and terms again; decisions so far count no more."""
    rows.allow(by, "billing.review_invoice")
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.DRAFT)
    if not reason.strip():
        raise Invalid("Sending back needs its reason", field="reason", fix="Say what is wrong")
    invoice.content_digest = invoice.prepared_by = invoice.reviewed_at = None
    invoice.approved_by = invoice.approved_at = None
    _move(invoice, Status.DRAFT, by=by, at=at, reason=reason)
    evidence.drop(invoice)
    _record(invoice, "sent_back", by=by, at=at, reason=reason)
    drafts.recompute(invoice, at=at)
    return invoice


@transaction.atomic
def approve(*, invoice: Invoice, seen: bytes, by: User, at: datetime, reason: str = "") -> Invoice:
    """Say yes to the content that was seen; APPROVED once everybody whom the policies name has.

    Raises NotAllowed for the preparer, Conflict where the content is another, WrongState while a finding blocks.
    """
    rows.allow(by, "billing.approve_invoice")
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.APPROVED)
    _guard_seen(invoice, seen)
    _guard_blocks(invoice)
    missing = approvals.decide_subject(
        environment=invoice.environment,
        kind=POLICY,
        subject=subject_of(invoice),
        digest=bytes(invoice.content_digest or b""),
        facts=facts_of(invoice),
        makers=[invoice.prepared_by_id] if invoice.prepared_by_id else [],
        verdict=Verdict.APPROVE,
        by=by,
        at=at,
        reason=reason,
    )
    if missing:
        return invoice
    invoice.approved_by, invoice.approved_at = by, at
    _move(invoice, Status.APPROVED, by=by, at=at, reason=reason)
    _record(invoice, "approved", by=by, at=at, after=_sums(invoice), reason=reason)
    return invoice


@transaction.atomic
def issue(*, invoice: Invoice, by: User | None, at: datetime) -> Invoice:
    """Number, freeze, book and announce an approved invoice; its PDF is ordered in the same transaction.

    Payable by: the day of issue in the account's zone + the contract's net days.
    """
    rows.allow(by, "billing.issue_invoice")
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.ISSUED)
    _guard_seen(invoice, content_digest(invoice))
    if invoice.total < 0:
        raise WrongState("An invoice can't be below zero", fix="Send it back; a credit note will say it")
    today = local_date(at, invoice.account.time_zone)
    invoice.due_date = today + timedelta(days=invoice.contract.net_days)
    invoice.issued_by, invoice.issued_at = by, at
    invoice.number = numbers.take(entity=invoice.legal_entity, kind=numbers.INVOICE, year=today.year)
    _move(invoice, Status.ISSUED, by=by, at=at)
    _freeze(invoice, at)
    ledger.book(invoice=invoice, transfers=_dues(invoice), at=at)
    _record(invoice, "issued", by=by, at=at, after=_sums(invoice) | {"number": invoice.number})
    _tell(invoice, at)
    documents.order(invoice=invoice, at=at)
    if not invoice.total:
        _move(invoice, Status.PAID, by=by, at=at)
    return invoice


def facts_of(invoice: Invoice) -> dict[str, Decimal]:
    """What policies look at: the total, and how many findings are more than information."""
    risky = invoice.flags.exclude(severity=Severity.INFO.value).count()
    return {"total": invoice.total, "flags": Decimal(risky)}


def _drafted(contract: Contract, period: Period) -> Invoice | None:
    mine = Invoice.objects.filter(contract=contract, period_starts_at=period.starts_at, kind=Kind.USAGE.value)
    return mine.first()


def _new(contract: Contract, period: Period, by: User | None, at: datetime) -> Invoice:
    if period.ends_at is None:
        raise Invalid("A billing period needs an end", field="period", fix="Take one of the contract's periods")
    return Invoice(
        environment_id=contract.environment_id,
        account=contract.account,
        contract=contract,
        legal_entity=contract.legal_entity,
        kind=Kind.USAGE.value,
        currency=contract.currency,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        prepared_by=by,
    )


def _hold_usage(invoice: Invoice, at: datetime) -> None:
    """Let no usage of the account be added until this transaction ends, so that the frozen sum is one sum."""
    UsageMark.objects.bulk_create([UsageMark(account_id=invoice.account_id, changed_at=at)], ignore_conflicts=True)
    UsageMark.objects.select_for_update().get(account_id=invoice.account_id)


def _note_grace(invoice: Invoice, at: datetime) -> None:
    ends_at = invoice.period_ends_at + timedelta(days=invoice.account.grace_days)
    if at < ends_at:
        invoice.flags.create(
            code="GRACE_RUNNING",
            severity=Severity.WARN.value,
            sentence=f"Usage may still come in until {ends_at:%d %B %Y %H:%M} UTC, when grace ends",
        )


def _guard_draft(invoice: Invoice) -> None:
    if invoice.status != Status.DRAFT.value:
        raise WrongState(
            f"Only a draft is computed again, and this is {Status(invoice.status).label.lower()}",
            field="status",
            fix="Send it back to draft first",
        )


def _guard_seen(invoice: Invoice, seen: bytes) -> None:
    if bytes(seen) != bytes(invoice.content_digest or b""):
        raise Conflict("This invoice is not the one that was seen", fix="Look at it again, or send it back to draft")


def _guard_blocks(invoice: Invoice) -> None:
    flag = invoice.flags.filter(severity=Severity.BLOCK.value).first()
    if flag is not None:
        raise WrongState(flag.sentence, field="flags", fix="Mend it, then send the invoice back to draft")


def _move(invoice: Invoice, status: Status, *, by: User | None, at: datetime, reason: str = "") -> None:
    invoice.status = status.value
    invoice.revision += 1
    rows.keep(invoice, by=by, at=at, reason=reason)


def _freeze(invoice: Invoice, at: datetime) -> None:
    content = content_of(document_from_rows(invoice))
    IssuedCopy.objects.create(invoice=invoice, content=content, digest=digest(content), created_at=at)


def _dues(invoice: Invoice) -> tuple[transfers.Transfer, ...]:
    lines = invoice.lines.values_list("position", "product__key", "amount")
    taxes = invoice.taxes.values_list("category", "percent", "amount")
    dues = [*(transfers.line_due(*line) for line in lines), *(transfers.tax_due(*tax) for tax in taxes)]
    return transfers.issued(invoice.pk, dues, ledger.books_of(invoice))


def _tell(invoice: Invoice, at: datetime) -> None:
    outbox.publish(
        environment=invoice.environment,
        topic="invoice.issued",
        subject=subject_of(invoice),
        payload={
            "number": invoice.number,
            "account": invoice.account.key,
            "contract": invoice.contract.key,
            "currency": invoice.currency,
            "total": str(invoice.total),
            "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
        },
        at=at,
    )


def _sums(invoice: Invoice) -> dict[str, Any]:
    return {"net": invoice.net, "tax": invoice.tax, "total": invoice.total, "currency": invoice.currency}


def _record(
    invoice: Invoice,
    verb: str,
    *,
    by: User | None,
    at: datetime,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    audit.record(
        environment=invoice.environment, action=f"invoice.{verb}", subject=invoice, by=by, at=at,
        after=after, reason=reason,
    )  # fmt: skip
