"""What workers do for billing. Each task loads by id or sweeps, calls one action, and may run twice."""

import logging

from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from billing.actions import balances, documents, expiring, impacts, money_left, retention, runs, upkeep
from billing.models import Impact, ImpactChunk
from monetization.foundation.actions import audit
from monetization.foundation.models import Environment
from monetization.values.errors import DomainError

log = logging.getLogger(__name__)
ROUND_SECONDS = 300  # how often what is due is looked for


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
def write_money_left() -> None:
    """Tell limits of spend and balance what is spent and what is left."""
    money_left.write_behind(at=timezone.now())


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
    """Book what credits grant and let expire, then have every period drafted that has started, in every environment.

    What is due is found by rows, so a chunk whose message is lost or too old is found by the next round.
    """
    at = timezone.now()
    balances.grant_due(at=at)
    expiring.expire_due(at=at)
    for environment in Environment.objects.all():
        for ids in runs.chunks_due(environment=environment, at=at):
            draft_contracts.apply_async([ids], expires=ROUND_SECONDS)


@shared_task
def draft_contracts(contract_ids: list[int]) -> None:
    """Draft what is due of some contracts; what that wrote into the audit log is anchored at once."""
    if runs.draft_contracts(contract_ids, by=None, at=timezone.now()).drafted:
        audit.anchor_on_commit(at=timezone.now())


@shared_task
def work_on_impact(chunk_id: int) -> None:
    """Reckon some accounts of an impact, unless another worker is at them."""
    chunk = ImpactChunk.objects.select_related("impact__request", "impact__environment").get(pk=chunk_id)
    try:
        impacts.work(chunk=chunk, at=timezone.now())
    except OperationalError:  # a lost connection or a deadlock: the sweep goes on with it
        log.exception("a chunk of impact %s was interrupted", chunk.impact_id)
    except Exception as error:
        log.exception("impact %s failed", chunk.impact_id)
        impacts.fail(impact=chunk.impact, fault=f"{type(error).__name__}: {error}", at=timezone.now())


def wake_for_impact(impact: Impact) -> None:
    """Wake workers for each chunk of a new impact."""
    for pk in impact.chunks.values_list("pk", flat=True):
        work_on_impact.delay_on_commit(pk)


@shared_task
def sweep_impacts() -> None:
    """Wake workers for what of impacts waits: its message was lost, or its worker died."""
    for chunk_id in impacts.left_behind(timezone.now()):
        work_on_impact.delay(chunk_id)
