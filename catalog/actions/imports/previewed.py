"""A preview as rows, so that a page of it costs what it shows."""

from datetime import datetime

from catalog.models import Import, ImportFault, ImportLine
from catalog.rules.diff import Change
from catalog.rules.files.previews import Preview
from catalog.rules.imports import ImportStatus, guard

MOST_FAULTS = 1_000
BATCH = 2_000


def keep_preview(imported: Import, preview: Preview, count: int, at: datetime) -> None:
    """Keep what a locked file would change and what is wrong with it; it is READY, or FAULTY."""
    imported.lines.all().delete()
    imported.faults.all().delete()
    ImportLine.objects.bulk_create(_lines(imported, preview), batch_size=BATCH)
    ImportFault.objects.bulk_create(_faults(imported, preview), batch_size=BATCH)
    imported.rows, imported.rows_done, imported.checked_at, imported.claimed_at = count, count, at, None
    imported.fault_count, imported.preview_digest = len(preview.faults), preview.digest
    for change in Change:
        setattr(imported, change.value.lower(), preview.count(change))
    status = ImportStatus.FAULTY if preview.faults else ImportStatus.READY
    if imported.status != status.value:
        move(imported, status)
    imported.save()


def move(imported: Import, status: ImportStatus) -> None:
    """Change a locked file's status along the arrows; the caller saves it."""
    guard(ImportStatus(imported.status), status)
    imported.status = status.value


def _lines(imported: Import, preview: Preview) -> list[ImportLine]:
    return [
        ImportLine(
            imported=imported, position=position, change=each.change.value, key=each.key, subject=each.subject,
            what=each.what, old=each.old, new=each.new, percent=each.percent, row=each.row, sheet=each.sheet[:40],
        )
        for position, each in enumerate(preview.lines)
    ]  # fmt: skip


def _faults(imported: Import, preview: Preview) -> list[ImportFault]:
    return [
        ImportFault(
            imported=imported, position=position, sheet=each.sheet[:40], row=each.row, column=each.column[:120],
            letter=each.letter, message=each.message, fix=each.fix,
        )
        for position, each in enumerate(preview.faults[:MOST_FAULTS])
    ]  # fmt: skip
