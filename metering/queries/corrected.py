"""What corrections did to events: their rows by key, and which contents are copies of earlier ones."""

from collections.abc import Collection, Sequence

from django.db.models import QuerySet

from metering.models import CorrectedEvent
from metering.stores.postgres import Key


def of_keys(environment_id: int, keys: Collection[Key]) -> QuerySet[CorrectedEvent]:
    """Find what corrections did to events of these keys (and, where sources share ids, to some others)."""
    sources, ids = {source for source, _ in keys}, {event_id for _, event_id in keys}
    return CorrectedEvent.objects.filter(environment=environment_id, source__in=sources, event_id__in=ids)


def originals(history: Sequence[CorrectedEvent]) -> dict[int, int]:
    """Map the `seq` of copies that undoing put back to that of the content they are copies of."""
    old = {(each.correction_id, each.source, each.event_id): each.old_seq for each in history}
    found: dict[int, int] = {}
    for each in history:
        was = old.get((each.correction.undoes_id or 0, each.source, each.event_id))
        if each.new_seq and was:
            found[each.new_seq] = found.get(was, was)
    return found
