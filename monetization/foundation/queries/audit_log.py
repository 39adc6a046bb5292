"""The audit log for its readers: narrowed, with the hashes of its chain, and how much of it is anchored outside."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from monetization.foundation.models import AuditAnchor, AuditEntry, AuditLink, Environment
from monetization.foundation.queries.chain import chain_content
from monetization.foundation.rules.cells import safe

CHUNK = 2000
FAR_BACK = 20_000  # as far as the chainer looks for entries whose transaction took long
HEAD = (
    "number", "at", "environment", "actor", "action", "subject", "reason", "before", "after", "previous_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; empty: everything. `action` and `subject` are beginnings: `invoice.`."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    text: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainState:
    """How far the chain is, and how much of it isn't anchored yet; `unlinked` entries are not even links."""

    head: AuditLink | None
    anchor: AuditAnchor | None
    unlinked: int

    @property
    def tail(self) -> int:
        """Count what was written after the last anchor."""
        head = self.head.number if self.head else 0
        return head - (self.anchor.link_id if self.anchor else 0) + self.unlinked

    @property
    def head_hash(self) -> str:
        """Write the head's hash as text."""
        return bytes(self.head.hash).hex() if self.head else ""


def chain_state() -> ChainState:
    """Read where the chain stands."""
    head = AuditLink.objects.order_by("-number").first()
    anchor = AuditAnchor.objects.order_by("-pk").first()
    open_ones = AuditEntry.objects.filter(link__isnull=True)
    if head is not None:
        open_ones = open_ones.filter(pk__gt=head.entry_id - FAR_BACK)
    return ChainState(head, anchor, open_ones.count())


def entries_of(environment: Environment | None, asked: Asked) -> QuerySet[AuditEntry]:
    """Return entries, newest first; without an environment those of all of them and of none."""
    found = AuditEntry.objects.select_related("actor", "link", "environment").order_by("-pk")
    if environment is not None:
        found = found.filter(environment=environment)
    if asked.actor:
        found = found.filter(Q(actor__email__icontains=asked.actor) | Q(actor__name__icontains=asked.actor))
    if asked.text:
        found = found.alias(b=Cast("before", TextField()), a=Cast("after", TextField())).filter(
            Q(reason__icontains=asked.text) | Q(a__icontains=asked.text) | Q(b__icontains=asked.text)
        )
    times = {"at__gte": asked.starts_at, "at__lt": asked.ends_at}
    found = found.filter(**{name: at for name, at in times.items() if at is not None})
    return found.filter(action__startswith=asked.action, subject__startswith=asked.subject)


def json_lines(entries: QuerySet[AuditEntry]) -> Iterator[str]:
    """Write entries, oldest first, one a line; each link's hash is SHA-256 of the one before and the entry."""
    for each in _oldest_first(entries):
        line = {"entry": chain_content(each), **_link(each)}
        yield json.dumps(line, ensure_ascii=True, sort_keys=True, separators=(",", ":")) + "\n"


def rows(entries: QuerySet[AuditEntry]) -> Iterator[list[str]]:
    """Write entries, oldest first, as rows of a table under `HEAD`, safe to open in a spreadsheet."""
    yield list(HEAD)
    for each in _oldest_first(entries):
        said, link = chain_content(each), _link(each)
        yield [
            str(link["number"] or ""), said["at"], safe(each.environment.key if each.environment else ""),
            safe(each.actor.email if each.actor else ""), safe(each.action), safe(each.subject), safe(each.reason),
            _json(each.before), _json(each.after), link["previous_hash"] or "", link["hash"] or "",
        ]  # fmt: skip


def _oldest_first(entries: QuerySet[AuditEntry]) -> Iterator[AuditEntry]:
    return entries.order_by("pk").iterator(chunk_size=CHUNK)


def _link(entry: AuditEntry) -> dict[str, Any]:
    link = getattr(entry, "link", None)
    if link is None:
        return {"number": None, "previous_hash": None, "hash": None}
    return {
        "number": link.number,
        "previous_hash": bytes(link.previous_hash).hex(),
        "hash": bytes(link.hash).hex(),
    }


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
