"""A file that is all good becomes drafts: in one transaction, once, and only as it was previewed."""

from datetime import datetime

from django.db import transaction

from catalog.actions.imports.kinds import KINDS, look
from catalog.actions.imports.looked import Looking
from catalog.actions.imports.previewed import move
from catalog.models import Import
from catalog.rules.imports import ImportStatus
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import User
from monetization.foundation.queries import subject_of
from monetization.values.errors import Conflict, DomainError, WrongState

LONGEST = 400
AT_WORK = (ImportStatus.READY.value, ImportStatus.APPLYING.value)


@transaction.atomic
def apply(*, imported: Import, by: User, at: datetime, reason: str = "") -> Import:
    """Draft all that a file says; with a reason ask for approval too. Applied before, it does nothing.

    Raises Conflict where it would do something else than was previewed.
    """
    imported = rows.lock(imported)
    kind = KINDS[imported.kind]
    kind.guard(imported, by)
    if imported.status == ImportStatus.APPLIED.value:
        return imported
    _guard_good(imported)
    kind.lock(imported)
    looking = Looking(imported, by, at)
    looked, _ = look(looking)
    if looked.preview.faults or looked.preview.digest != bytes(imported.preview_digest or b""):
        raise Conflict("What it would change is not what was previewed any more.", fix="Check the file again.")
    kind.carry_out(looking, looked, reason)
    move(imported, ImportStatus.APPLIED)
    imported.applied_by, imported.applied_at, imported.reason, imported.trouble = by, at, reason, ""
    imported.save()
    audit.record(
        environment=imported.environment, action="import.applied", subject=subject_of(imported), by=by, at=at,
        reason=reason, after={"added": imported.added, "changed": imported.changed, "removed": imported.removed},
    )  # fmt: skip
    return imported


@transaction.atomic
def order(*, imported: Import, by: User, at: datetime, reason: str = "") -> Import:
    """Have a worker apply a file, as this person."""
    imported = rows.lock(imported)
    KINDS[imported.kind].guard(imported, by)
    if imported.status in (ImportStatus.APPLYING.value, ImportStatus.APPLIED.value):
        return imported
    _guard_good(imported)
    move(imported, ImportStatus.APPLYING)
    imported.applied_by, imported.reason, imported.trouble, imported.claimed_at = by, reason, "", None
    imported.save()
    return imported


@transaction.atomic
def hand_back(*, imported: Import, error: DomainError, at: datetime) -> Import:
    """Say why a worker could not apply a file; it can be checked again."""
    imported = rows.lock(imported)
    if imported.status == ImportStatus.APPLYING.value:
        move(imported, ImportStatus.READY)
        imported.applied_by, imported.reason = None, ""
        words = " ".join(part for part in (f"{error.field}:" if error.field else "", error.message, error.fix) if part)
        imported.trouble = words[:LONGEST]
        imported.save()
    return imported


def _guard_good(imported: Import) -> None:
    """Refuse a file that isn't all good, or wasn't read yet. Raises WrongState."""
    if imported.status not in AT_WORK:
        fix = "Mend the file and upload it." if imported.fault_count else "Wait until it is read."
        raise WrongState(f"{imported} can't be applied: {imported.get_status_display().lower()}.", fix=fix)
