"""A file comes in, is read, and is read again when what it was compared with has moved."""

from datetime import date, datetime
from hashlib import sha256

from django.db import transaction

from catalog.actions.imports.kinds import KINDS, look
from catalog.actions.imports.looked import Looking, Progress
from catalog.actions.imports.previewed import keep_preview, move
from catalog.models import Import
from catalog.rules.files.cells import KEY
from catalog.rules.files.sheets import guard_size
from catalog.rules.imports import ImportStatus
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, User
from monetization.foundation.queries import subject_of
from monetization.values.errors import Invalid

LARGE_BYTES, LARGE_ROWS = 60_000, 300  # what a request reads or drafts in about two seconds


@transaction.atomic
def upload(
    *,
    environment: Environment,
    kind: str,
    file_name: str,
    content: bytes,
    by: User,
    at: datetime,
    rate_card_key: str = "",
    effective_date: date | None = None,
) -> Import:
    """Keep a file to be read; a file of prices names its rate card, which is made when it is applied."""
    if kind not in KINDS:
        raise Invalid(f"There is no kind “{kind}”", field="kind", fix=f"One of {', '.join(KINDS)}")
    if kind == Import.Kind.RATE_CARD and not KEY.fullmatch(rate_card_key):
        raise Invalid("Whose prices are these?", field="rate_card", fix="Write the key of a rate card, old or new")
    guard_size(content)
    imported = Import(
        environment=environment, kind=kind, file_name=_short(file_name), content=content,
        digest=sha256(content).digest(), rate_card_key=rate_card_key if kind == Import.Kind.RATE_CARD else "",
        effective_date=effective_date, made_by=by, made_at=at,
    )  # fmt: skip
    KINDS[kind].guard(imported, by)
    rows.check(imported)
    imported.save()
    audit.record(
        environment=environment, action="import.uploaded", subject=subject_of(imported), by=by, at=at,
        after={"kind": kind, "file": imported.file_name, "digest": imported.digest},
    )  # fmt: skip
    return imported


def is_large(imported: Import) -> bool:
    """Say whether a worker should read and apply it."""
    return imported.rows > LARGE_ROWS or len(imported.content) > LARGE_BYTES


def check(*, imported: Import, at: datetime, progress: Progress = lambda done, count: None) -> Import:
    """Read a waiting file and keep what it would change, and what is wrong with it."""
    found, count = look(Looking(imported, imported.made_by, at, progress))
    with transaction.atomic():
        imported = rows.lock(imported)
        if imported.status == ImportStatus.WAITING.value:
            keep_preview(imported, found.preview, count, at)
    return imported


@transaction.atomic
def check_again(*, imported: Import, by: User, at: datetime) -> Import:
    """Have a file read again, as things are now."""
    imported = rows.lock(imported)
    KINDS[imported.kind].guard(imported, by)
    if imported.status != ImportStatus.WAITING.value:
        move(imported, ImportStatus.WAITING)
    imported.rows_done, imported.claimed_at, imported.trouble = 0, None, ""
    imported.save()
    return imported


def _short(name: str) -> str:
    """Keep the end of a path: a browser may send all of it."""
    bare = name.replace("\\", "/").rpartition("/")[2].strip()
    printable = "".join(letter for letter in bare if letter.isprintable())
    return printable[-120:] or "file"
