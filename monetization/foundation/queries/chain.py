"""Is the audit log whole: compute every link again and compare it with what is stored and what was kept outside."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monetization.foundation.models import AuditEntry, AuditLink
from monetization.foundation.rules.audit import START, instant_text, link_hash

MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification saw: how many links, the head's hash, and one sentence a problem (100 at most)."""

    links: int
    head: bytes
    problems: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Say whether nothing was found."""
        return not self.problems


def chain_content(entry: AuditEntry) -> dict[str, Any]:
    """Return everything of an entry that its link covers."""
    return {
        "id": entry.pk,
        "environment": entry.environment_id,
        "at": instant_text(entry.at),
        "actor": entry.actor_id,
        "action": entry.action,
        "subject": entry.subject,
        "reason": entry.reason,
        "before": entry.before,
        "after": entry.after,
    }


def verify_chain(kept: Iterable[tuple[int, bytes]] = (), linked_until: datetime | None = None) -> Report:
    """Walk the whole chain; `kept` are (number, hash) of anchors outside, entries before `linked_until` need a link."""
    walk = _Walk(dict(kept))
    links = AuditLink.objects.select_related("entry").order_by("number")
    problems = [problem for link in links.iterator(chunk_size=2000) for problem in walk.step(link)]
    problems += [f"anchor: link {number} is gone" for number in sorted(walk.kept) if number > walk.number]
    if linked_until is not None:
        problems += _unlinked(linked_until)
    return Report(walk.number, walk.hash, tuple(problems[:MOST_PROBLEMS]))


class _Walk:
    """Where the walk along the chain stands."""

    def __init__(self, kept: dict[int, bytes]) -> None:
        self.number, self.hash, self.kept = 0, START, kept

    def step(self, link: AuditLink) -> Iterator[str]:
        """Yield what is wrong with the next link."""
        previous, stored = bytes(link.previous_hash), bytes(link.hash)
        if link.number != self.number + 1:
            yield f"link {link.number}: follows {self.number}, so {link.number - self.number - 1} are missing"
        if previous != self.hash:
            yield f"link {link.number}: does not continue the link before it"
        if link_hash(previous, chain_content(link.entry)) != stored:
            yield f"link {link.number}: entry {link.entry_id} is not what was linked"
        if self.kept.get(link.number, stored) != stored:
            yield f"link {link.number}: is not the one that was anchored outside"
        self.number, self.hash = link.number, stored


def _unlinked(until: datetime) -> list[str]:
    lost = AuditEntry.objects.filter(link__isnull=True, at__lt=until).order_by("pk")
    return [f"entry {pk}: has no link" for pk in lost.values_list("pk", flat=True)[:MOST_PROBLEMS]]
