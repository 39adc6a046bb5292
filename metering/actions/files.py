"""Take a file of events part by part; how far it has come is written down in the transaction that takes a part.

So a run that was killed goes on with the first part that isn't in the database, also after that was restored to an
earlier day. Two runs of one file don't get into each other's way: who comes second to a part is told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from metering.actions.ingest import Receipt, ingest
from metering.models import FileReading
from monetization.foundation.models import Environment
from monetization.values.errors import Conflict


@transaction.atomic
def begin(
    *, environment: Environment, key: bytes, name: str, size: int, at: datetime, restart: bool = False
) -> FileReading:
    """Find how far a file was read, or begin it; `restart` reads it from its start again."""
    fresh = {"name": name, "size": size, "started_at": at, "changed_at": at}
    reading, made = FileReading.objects.get_or_create(environment=environment, key=key, defaults=fresh)
    if restart and not made:
        reading.delete()
        reading = FileReading.objects.create(environment=environment, key=key, **fresh)
    return reading


@transaction.atomic
def take_part(*, reading: FileReading, events: Sequence[Any], offset: int, rows: int, at: datetime) -> Receipt:
    """Take the events after the place where a file was left, and move it. Raises Conflict if another run did."""
    receipt = ingest(environment=reading.environment, events=events, by=None, at=at)
    mine = FileReading.objects.filter(pk=reading.pk, rows=reading.rows, ended_at=None)
    moved = mine.update(
        offset=offset, rows=rows, changed_at=at,
        accepted=F("accepted") + receipt.accepted, duplicates=F("duplicates") + receipt.duplicates,
        conflicts=F("conflicts") + receipt.conflicts, quarantined=F("quarantined") + receipt.quarantined,
        rejected=F("rejected") + receipt.rejected,
    )  # fmt: skip
    if not moved:
        raise Conflict(f"{reading.name} is being read by another run", fix="Let that one finish")
    reading.offset, reading.rows = offset, rows
    return receipt


@transaction.atomic
def end(*, reading: FileReading, at: datetime) -> None:
    """Say that a file was read to its end."""
    FileReading.objects.filter(pk=reading.pk).update(ended_at=at)
