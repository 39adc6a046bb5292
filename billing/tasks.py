"""What workers do for billing. Each task loads by id or sweeps, calls one action, and may run twice."""

from celery import shared_task
from django.utils import timezone

from billing.actions import documents, runs, upkeep
from monetization.foundation.models import Environment


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
def draft_due() -> None:
    """Draft every period that has started, in every environment."""
    for environment in Environment.objects.all():
        runs.draft_due(environment=environment, by=None, at=timezone.now())
