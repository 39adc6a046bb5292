"""Make the files of issued invoices. The row is the order; a worker's message only wakes somebody up.

A worker claims a row by moving its next attempt into the future, in a transaction of its own, so a worker that
dies leaves the row to the sweep. The same content makes the same bytes at the same place: file first under
another name, to disk, renamed, then the row. Whoever comes second changes nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from hashlib import sha256

from celery import current_app
from django.db import transaction
from django.db.models import F

from billing.documents import files
from billing.models import Document, Invoice, IssuedCopy
from billing.rules.printed import document_of
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import User
from monetization.values.errors import WrongState

log = logging.getLogger(__name__)
TASK = "billing.tasks.make_document"
MOST_ATTEMPTS = 5
FIRST_DELAY = timedelta(seconds=10)  # longer than a page takes; an attempt still running then does no harm


def order(*, invoice: Invoice, at: datetime) -> Document:
    """Order the invoice's PDF and wake a worker when this is committed; a lost message is found by the sweep."""
    document = Document.objects.create(
        invoice=invoice, kind=Document.Kind.PDF, status=Document.Status.PENDING, next_attempt_at=at
    )
    wake(document.pk)
    return document


def wake(document_id: int) -> None:
    """Tell a worker that a document is waiting, once this transaction is committed."""
    transaction.on_commit(lambda: current_app.send_task(TASK, [document_id]), robust=True)


def make(document_id: int, at: datetime) -> Document | None:
    """Make a waiting document. None where it is made already, parked, or being made by somebody else."""
    if not _claim(document_id, at):
        return None
    document = Document.objects.select_related("invoice__environment").get(pk=document_id)
    try:
        place, pdf = _place(document), _rendered(document)
        files.put(place, pdf)
    except Exception as error:
        log.exception("document %s could not be made", document_id)
        _failed(document, error)
        return document
    return _ready(document, place, pdf, at)


def due(at: datetime, limit: int = 20) -> list[int]:
    """Find documents whose next attempt is due, longest waiting first."""
    waiting = Document.objects.filter(status=Document.Status.PENDING, next_attempt_at__lte=at)
    return list(waiting.order_by("next_attempt_at", "pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def retry(*, document: Document, by: User, at: datetime) -> Document:
    """Give a parked document its attempts back."""
    rows.allow(by, "billing.issue_invoice")
    document = rows.lock(document)
    if document.status != Document.Status.PARKED:
        raise WrongState("Only a parked document is tried again", fix="Wait for the attempts under way")
    document.status, document.attempts, document.next_attempt_at = Document.Status.PENDING, 0, at
    document.save()
    audit.record(environment=document.invoice.environment, action="document.retried", subject=document, by=by, at=at)
    wake(document.pk)
    return document


def _claim(document_id: int, at: datetime) -> bool:
    """Take the next attempt, if it is due; each waits twice as long as the one before."""
    waiting = Document.objects.filter(
        pk=document_id, status=Document.Status.PENDING, next_attempt_at__lte=at, attempts__lt=MOST_ATTEMPTS
    )
    attempts = waiting.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    later = at + FIRST_DELAY * 2**attempts
    return bool(waiting.filter(attempts=attempts).update(attempts=F("attempts") + 1, next_attempt_at=later))


def _rendered(document: Document) -> bytes:
    from billing.documents.pdf import pdf_of  # only here: without Pango everything else still works

    return pdf_of(document_of(IssuedCopy.objects.get(invoice_id=document.invoice_id).content))


def _place(document: Document) -> str:
    """Name the file by environment and number; characters that a prefix may hold but a path may not are replaced."""
    invoice = document.invoice
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in invoice.number)
    return f"invoices/{invoice.environment.key}/{invoice.pk}-{safe}.pdf"


def _ready(document: Document, place: str, pdf: bytes, at: datetime) -> Document:
    pending = Document.objects.filter(pk=document.pk, status=Document.Status.PENDING)
    pending.update(
        status=Document.Status.READY, file=place, sha256=sha256(pdf).digest(), size_bytes=len(pdf),
        ready_at=at, last_error="",
    )  # fmt: skip
    document.refresh_from_db()
    return document


def _failed(document: Document, error: Exception) -> None:
    """Remember why; after the last attempt the row is parked until somebody has looked."""
    words = f"{type(error).__name__}: {error}"[:300]
    parked = document.attempts >= MOST_ATTEMPTS
    status = Document.Status.PARKED if parked else Document.Status.PENDING
    Document.objects.filter(pk=document.pk, status=Document.Status.PENDING).update(status=status, last_error=words)
    document.refresh_from_db()
