"""Write to the audit log, link what was written into one chain, and anchor its head outside.

An entry is part of its action's transaction. Links are made afterwards by one chainer at a time, in the order in
which entries become visible, so no transaction waits for another to be audited.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from monetization.foundation.connectors import anchors
from monetization.foundation.models import AuditAnchor, AuditEntry, AuditLink, Environment, User
from monetization.foundation.queries import Report, chain_content, subject_of, verify_chain
from monetization.foundation.rules.audit import START, link_hash, plain

CHAIN_LOCK = 0x6D65746572  # any number, the same everywhere
BATCH = 2000
LATE_COMMITS = 20_000  # how far back an entry may hide whose transaction took long; the hourly run looks at all


def record(
    *,
    environment: Environment | None,
    action: str,
    subject: str | models.Model,
    by: User | None,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Write who did what; `action` is dotted and past tense, `before` and `after` any plain values."""
    made = entry(
        environment=environment, action=action, subject=subject, by=by, at=at, before=before, after=after, reason=reason
    )  # fmt: skip
    made.save(force_insert=True)
    return made


def entry(
    *,
    environment: Environment | None,
    action: str,
    subject: str | models.Model,
    by: User | None,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Make the entry that `record` writes, for whoever writes many at once with `record_all`."""
    return AuditEntry(
        environment=environment,
        at=at,
        actor=by,
        action=action,
        subject=subject if isinstance(subject, str) else subject_of(subject),
        reason=reason,
        before=None if before is None else plain(before),
        after=None if after is None else plain(after),
    )


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Write entries in their order, in one statement."""
    AuditEntry.objects.bulk_create(entries)


@transaction.atomic
def chain(*, at: datetime, thorough: bool = False) -> int:
    """Link new entries to the chain and return how many; `thorough` also looks far back. Safe beside others."""
    if not _only_chainer():
        return 0
    last = AuditLink.objects.order_by("-number").first()
    new = AuditEntry.objects.filter(link__isnull=True).order_by("pk")
    if last is not None and not thorough:
        new = new.filter(pk__gt=last.entry_id - LATE_COMMITS)
    number, previous = (last.number, bytes(last.hash)) if last else (0, START)
    links = []
    for each in new[:BATCH]:
        number, own = number + 1, link_hash(previous, chain_content(each))
        links.append(AuditLink(number=number, entry=each, previous_hash=previous, hash=own))
        previous = own
    AuditLink.objects.bulk_create(links)
    return len(links)


def anchor(*, at: datetime) -> AuditAnchor | None:
    """Write the chain's head to a file outside the database; None where nothing was added since."""
    while chain(at=at, thorough=True) == BATCH:
        pass
    head = AuditLink.objects.order_by("-number").first()
    if head is None or AuditAnchor.objects.filter(link=head).exists():
        return None
    place = anchors.write(number=head.number, hash=bytes(head.hash), at=at)
    return AuditAnchor.objects.create(link=head, at=at, place=place)


def anchor_on_commit(*, at: datetime) -> None:
    """Anchor the head when this transaction is kept; outside of one at once. After a run of invoices."""
    transaction.on_commit(lambda: anchor(at=at) and None, robust=True)


def verify(*, at: datetime) -> Report:
    """Compute the whole chain again and compare it with the anchors that were kept outside."""
    return verify_chain(kept=anchors.read(), linked_until=at - timedelta(minutes=5))


def _only_chainer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [CHAIN_LOCK])
        return bool(cursor.fetchone()[0])
