"""The revisions of an event: as it was sent, and every content that a correction put in its stead.

Revision 0 is found by its key, later ones by the `seq` that their correction wrote down. A repeat with a time far
away is another row of revision 0, which the sweep takes out; it is no part of the chain.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from metering.models import EventRemoval
from metering.queries.corrected import of_keys
from metering.stores import postgres as store
from metering.stores.postgres import Key, Stored

FIRST = (
    "e.environment_id = %(environment)s AND e.revision = 0 AND (e.source, e.event_id) IN"
    " (SELECT * FROM unnest(%(sources)s::text[], %(ids)s::text[]))"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """All revisions of a key, the oldest first, and which of them counts (None: none)."""

    rows: tuple[Stored, ...]
    counting: Stored | None

    @property
    def highest(self) -> int:
        return self.rows[-1].revision


def chains(*, environment_id: int, keys: Collection[Key]) -> dict[Key, Chain]:
    """Find the chains of keys; keys that were never accepted are left out."""
    first = _first(environment_id, keys)
    later = _later(environment_id, keys)
    rows = {key: (first[key], *later.get(key, ())) for key in first}
    removed = removed_of(each.seq for chain in rows.values() for each in chain)
    return {key: Chain(chain, _counting(chain, removed)) for key, chain in rows.items()}


def removed_of(seqs: Iterable[int]) -> set[int]:
    """Say which of these events no longer count."""
    return set(EventRemoval.objects.filter(event_seq__in=set(seqs)).values_list("event_seq", flat=True))


def first_seqs(*, environment_id: int, keys: Collection[Key]) -> dict[Key, int]:
    """Map keys to the `seq` of the first accepted event of each."""
    return {key: each.seq for key, each in _first(environment_id, keys).items()}


def _first(environment_id: int, keys: Collection[Key]) -> dict[Key, Stored]:
    if not keys:
        return {}
    parameters = {
        "environment": environment_id, "sources": [source for source, _ in keys], "ids": [id_ for _, id_ in keys],
    }  # fmt: skip
    found: dict[Key, Stored] = {}
    for each in store.find(FIRST, parameters, "ORDER BY e.seq"):
        found.setdefault((each.source, each.event_id), each)
    return found


def _later(environment_id: int, keys: Collection[Key]) -> dict[Key, list[Stored]]:
    wanted = set(keys)
    named = of_keys(environment_id, keys).filter(revision__gt=0).values_list("new_seq", "source", "event_id")
    seqs = [seq for seq, source, id_ in named if (source, id_) in wanted]
    found: dict[Key, list[Stored]] = {}
    for each in store.find("e.seq = ANY(%(seqs)s)", {"seqs": seqs}, "ORDER BY e.revision") if seqs else ():
        found.setdefault((each.source, each.event_id), []).append(each)
    return found


def _counting(chain: Iterable[Stored], removed: set[int]) -> Stored | None:
    return next((each for each in reversed(list(chain)) if each.seq not in removed), None)
