"""What undoing a correction would do: earlier contents put back to the letter, unless somebody touched them since.

An undone content is a copy of an earlier one. So corrections undone one after the other, the latest first, meet
copies of what they wrote; `originals` says of which row a copy is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from metering.models import CorrectedEvent, Correction
from metering.queries.admission import book_of
from metering.queries.corrected import of_keys, originals
from metering.queries.corrections import SHOWN, Chains, New, Plan, Swap, in_order
from metering.queries.revisions import Chain, chains
from metering.rules.book import Book
from metering.rules.envelope import written
from metering.stores.postgres import Row, Stored
from monetization.values.canonical import canonical
from monetization.values.errors import DomainError, WrongState, refuse_if


def to_undo(*, correction: Correction) -> Plan:
    """Plan to put back what a correction took out, and to take out what it put in.

    Raises WrongState where it was undone, or where a later correction that stands touched one of its events.
    """
    if Correction.objects.filter(undoes=correction).exists():
        raise WrongState("This correction is undone already", fix="Undo the one that undid it, if it must stand again")
    touched = list(correction.events.all())
    keys = {(each.source, each.event_id) for each in touched}
    known = chains(environment_id=correction.environment_id, keys=keys)
    history = list(of_keys(correction.environment_id, keys).select_related("correction").order_by("pk"))
    refuse_if(_blocked(touched, known, history))
    rows = {each.seq: each for chain in known.values() for each in chain.rows}
    book = book_of(correction.environment_id)
    swaps = [_swapped_back(each, rows, known[each.source, each.event_id], book) for each in touched]
    return Plan(Correction.Kind.UNDO, in_order(swaps), undoes=correction)


def _blocked(
    touched: Iterable[CorrectedEvent], known: Chains, history: Sequence[CorrectedEvent]
) -> Iterator[DomainError]:
    """Name the corrections that touched the same events afterwards."""
    copies = originals(history)
    last = {(each.source, each.event_id): each.correction_id for each in history}
    named = 0
    for each in touched:
        key = (each.source, each.event_id)
        if key not in known:
            raise WrongState(f"“{each.event_id}” was dropped with its month", fix="This can't be undone any more")
        counting = known[key].counting
        if _content(counting.seq if counting else None, copies) != _content(each.new_seq, copies) and named < SHOWN:
            named += 1
            message = f"“{each.event_id}” was corrected again, by correction {last[key]}"
            yield WrongState(message, field="correction", fix=f"Undo correction {last[key]} first")


def _content(seq: int | None, copies: Mapping[int, int]) -> int | None:
    return copies.get(seq, seq) if seq else None


def _swapped_back(each: CorrectedEvent, rows: Mapping[int, Stored], chain: Chain, book: Book) -> Swap:
    before = rows.get(each.old_seq) if each.old_seq else None
    new = _copy(before, chain.highest + 1, book) if before else None
    return Swap((each.source, each.event_id), chain.counting, new)


def _copy(event: Stored, revision: int, book: Book) -> New:
    """Put an earlier content in again: its account, time and digest are those it had."""
    row = Row(
        event.account_id, event.source, event.event_id, event.type, event.subject, event.time, event.is_time_given,
        canonical(event.data), event.digest, written(event.time),
    )  # fmt: skip
    return New(row, revision, book.counted(event.type, event.time, event.data))
