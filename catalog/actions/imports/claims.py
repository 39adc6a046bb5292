"""Which worker is at a file, and how far it has come: written at once, beside the work itself."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from catalog.models import Import
from catalog.rules.imports import ImportStatus

AT_WORK = (ImportStatus.WAITING.value, ImportStatus.APPLYING.value)


@transaction.atomic
def claim(*, imported: Import, at: datetime) -> bool:
    """Take a file to work on; False where another worker has it, and may still be alive."""
    dead = at - timedelta(seconds=settings.CELERY_TASK_TIME_LIMIT)
    free = Q(claimed_at=None) | Q(claimed_at__lt=dead)
    mine = Import.objects.filter(free, pk=imported.pk, status__in=AT_WORK)
    return mine.update(claimed_at=at) == 1


@transaction.atomic
def note_progress(*, imported: Import, done: int, count: int, at: datetime) -> None:
    """Write down how many rows are read."""
    Import.objects.filter(pk=imported.pk, status=ImportStatus.WAITING.value).update(
        rows=count, rows_done=done, claimed_at=at
    )
