"""What workers do for billing. Each task loads by id or sweeps, calls one action, and may run twice."""

import logging

from celery import shared_task
from django.utils import timezone

from billing.actions import balances, documents, retention, runs, upkeep
from monetization.foundation.models import Environment
from monetization.values.errors import DomainError

log = logging.getLogger(__name__)


@shared_task
def make_document(document_id: int) -> None:
    """Make one document that was ordered."""
    documents.make(document_id, timezone.now())


@shared_task
def sweep_documents() -> None:
    """Make documents whose message was lost, or whose worker died."""
    for document_id in documents.due(timezone.now()):
        documents.make(document_id, timezone.now())


@shared_task
def refresh_drafts() -> None:
    """Bring drafts up to date with usage and terms."""
    upkeep.refresh_stale(at=timezone.now())


@shared_task
def note_late_usage() -> None:
    """Tell invoices under review of usage that came after they were frozen."""
    upkeep.note_all_late(at=timezone.now())


@shared_task
def drop_expired_events() -> None:
    """Drop the events of months that the retention policy lets go and nothing needs."""
    try:
        retention.drop_expired(at=timezone.now())
    except DomainError as refused:
        log.warning("Events are not dropped: %s", refused)


@shared_task
def draft_due() -> None:
    """Book what commits and credits grant, then draft every period that has started, in every environment."""
    balances.grant_due(at=timezone.now())
    for environment in Environment.objects.all():
        runs.draft_due(environment=environment, by=None, at=timezone.now())
