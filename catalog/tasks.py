"""Background work of "terms": large files are read and applied by a worker, one task a file."""

from celery import shared_task
from django.utils import timezone

from catalog.actions import imports
from catalog.actions.imports.claims import AT_WORK, claim, note_progress
from catalog.models import Import
from catalog.rules.imports import ImportStatus
from monetization.foundation.models import User
from monetization.values.errors import DomainError


@shared_task
def work_on_import(import_id: int) -> None:
    """Read a file that waits, or apply one that somebody ordered to, unless another worker is at it."""
    imported = Import.objects.select_related("environment", "made_by", "applied_by").get(pk=import_id)
    if not claim(imported=imported, at=timezone.now()):
        return
    if imported.status == ImportStatus.WAITING.value:
        imports.check(
            imported=imported, at=timezone.now(),
            progress=lambda done, count: note_progress(imported=imported, done=done, count=count, at=timezone.now()),
        )  # fmt: skip
    elif imported.applied_by is not None:
        _apply(imported, imported.applied_by)


@shared_task
def sweep_imports() -> None:
    """Take up files whose message was lost or whose worker died."""
    for pk in Import.objects.filter(status__in=AT_WORK).values_list("pk", flat=True):
        work_on_import(pk)


def _apply(imported: Import, by: User) -> None:
    try:
        imports.apply(imported=imported, by=by, at=timezone.now(), reason=imported.reason)
    except DomainError as error:
        imports.hand_back(imported=imported, error=error, at=timezone.now())
