"""The life of an invoice: draft → review → approve → issue, and back to draft from review.

Each step locks the invoice, asks `rules.lifecycle` whether there is an arrow, changes, records and returns. From
review on, content and approval are bound by a digest over everything printed and the evidence behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.actions import balances, documents, drafts, evidence, freezing, numbers, telling
from billing.models import Invoice
from billing.queries.agreed import agreed_by
from billing.queries.content import content_digest
from billing.rules.anomalies import Severity
from billing.rules.lifecycle import Kind, Status, guard
from catalog.models import Contract
from metering.actions.sweep import sweep
from monetization.foundation.actions import approvals, rows
from monetization.foundation.models import User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.approvals import Verdict
from monetization.values.errors import Conflict, Invalid, WrongState
from monetization.values.periods import Period, local_date

POLICY = "invoice"


@transaction.atomic
def draft(
    *, contract: Contract, period: Period, by: User | None, at: datetime, kind: str = Kind.USAGE.value
) -> Invoice:
    """Draft the invoice of a contract's period, of its usage or its purchases; bring one that is there up to date."""
    rows.allow(by, "billing.draft_invoice")
    contract = Contract.objects.select_for_update(of=("self",), no_key=True).get(pk=contract.pk)
    found = _drafted(contract, period, kind)
    if found is not None:
        return refresh(invoice=found, at=at) if found.status == Status.DRAFT.value else found
    invoice = new_draft(contract, period, kind, by)
    rows.keep(invoice, by=by, at=at)
    telling.record_drafted([invoice], by=by, at=at)
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
    rows.lock(invoice.contract)  # no amendment of the time that is frozen comes between
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.IN_REVIEW)
    if invoice.kind == Kind.USAGE.value and invoice.period_ends_at > at:
        raise WrongState(
            "The period of this invoice is still running", fix=f"Review it after {invoice.period_ends_at:%d %B %Y}"
        )
    sweep(at=at)  # repeats that the door could not see, before anything rests on them
    freezing.hold_usage(invoice, at)
    held = balances.hold(invoice, at=at)
    balances.guard_order(invoice, held)
    found = drafts.recompute(invoice, at=at)
    if found is None:
        flag = invoice.flags.first()
        raise WrongState("This invoice can't be computed", fix=flag.sentence if flag else None)
    freezing.note_grace(invoice, at)
    evidence.gather(invoice, found)
    balances.draw(invoice, held, at=at)
    invoice.prepared_by, invoice.reviewed_at = by, at
    invoice.content_digest = content_digest(invoice)
    _move(invoice, Status.IN_REVIEW, by=by, at=at)
    freezing.note_billed(invoice.contract)
    telling.record(invoice, "reviewed", by=by, at=at, after=telling.sums(invoice))
    return invoice


@transaction.atomic
def send_back(*, invoice: Invoice, reason: str, by: User, at: datetime) -> Invoice:
    """Return an invoice to draft, so that it follows usage and terms again; decisions so far count no more."""
    rows.allow(by, "billing.review_invoice")
    rows.lock(invoice.contract)
    invoice = rows.lock(invoice)
    guard(invoice.status, Status.DRAFT)
    if not reason.strip():
        raise Invalid("Sending back needs its reason", field="reason", fix="Say what is wrong")
    held = balances.hold(invoice, at=at)
    balances.give_back(invoice, held, at=at, reason=reason)
    invoice.content_digest = invoice.prepared_by = invoice.reviewed_at = None
    invoice.approved_by = invoice.approved_at = None
    _move(invoice, Status.DRAFT, by=by, at=at, reason=reason)
    freezing.note_billed(invoice.contract)
    evidence.drop(invoice)
    invoice.drawdowns.all().delete()
    telling.record(invoice, "sent_back", by=by, at=at, reason=reason)
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
    telling.record(invoice, "approved", by=by, at=at, after=telling.sums(invoice), reason=reason)
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
    invoice.due_date = today + timedelta(days=agreed_by(invoice).net_days)
    invoice.issued_by, invoice.issued_at = by, at
    invoice.number = numbers.take(entity=invoice.legal_entity, kind=numbers.INVOICE, year=today.year)
    _move(invoice, Status.ISSUED, by=by, at=at)
    freezing.keep_copy(invoice, at)
    freezing.book(invoice, at)
    telling.record(invoice, "issued", by=by, at=at, after=telling.sums(invoice) | {"number": invoice.number})
    telling.announce(invoice, at)
    documents.order(invoice=invoice, at=at)
    if not invoice.total:
        _move(invoice, Status.PAID, by=by, at=at)
    return invoice


def new_draft(contract: Contract, period: Period, kind: str, by: User | None) -> Invoice:
    """Make the row of a draft that nobody has computed yet. Raises Invalid for a period without end."""
    if period.ends_at is None:
        raise Invalid("A billing period needs an end", field="period", fix="Take one of the contract's periods")
    return Invoice(
        environment=contract.environment,
        account=contract.account,
        contract=contract,
        legal_entity=contract.legal_entity,
        kind=kind,
        currency=contract.currency,
        period_starts_at=period.starts_at,
        period_ends_at=period.ends_at,
        prepared_by=by,
    )


def facts_of(invoice: Invoice) -> dict[str, Decimal]:
    """What policies look at: the total, and how many findings are more than information."""
    risky = invoice.flags.exclude(severity=Severity.INFO.value).count()
    return {"total": invoice.total, "flags": Decimal(risky)}


def _drafted(contract: Contract, period: Period, kind: str) -> Invoice | None:
    mine = Invoice.objects.filter(contract=contract, period_starts_at=period.starts_at, kind=kind)
    return mine.first()


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
