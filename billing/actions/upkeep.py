"""What the clock does to invoices: drafts follow usage and terms, frozen ones are told of usage that came late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction

from billing.actions import draft_rows, drafts
from billing.models import Invoice
from billing.queries.reviews import late_candidates, stale_drafts
from billing.rules import anomalies
from billing.rules.anomalies import Review
from billing.rules.lifecycle import Status
from metering.queries import late_since
from monetization.values.periods import Period

log = logging.getLogger(__name__)
LATE = "LATE_USAGE"


def refresh_stale(*, at: datetime, limit: int = 200) -> int:
    """Bring drafts up to date that are behind; returns how many were."""
    waiting, done = list(stale_drafts().order_by("period_starts_at", "pk")[:limit]), 0
    while waiting:
        accounts: dict[int, Invoice] = {}
        for invoice in waiting:
            accounts.setdefault(invoice.account_id, invoice)  # a later period rests on what the earlier one leaves
        wave = list(accounts.values())
        done += _refresh(wave, at)
        taken = {invoice.pk for invoice in wave}
        waiting = [invoice for invoice in waiting if invoice.pk not in taken]
    return done


def _refresh(wave: Sequence[Invoice], at: datetime) -> int:
    """Rate drafts again together; where that fails, one by one."""
    try:
        return refresh_together(invoices=wave, at=at)
    except Exception:
        log.exception("%s drafts are brought up to date one by one", len(wave))
        return _each(refresh_if_behind, wave, at)


@transaction.atomic
def refresh_together(*, invoices: Sequence[Invoice], at: datetime) -> int:
    """Rate drafts of different accounts again, but those that somebody else holds or that are none any more."""
    held = Invoice.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
        "contract__account", "contract__legal_entity", "contract__environment"
    )
    ids = [each.pk for each in invoices]
    found = list(held.filter(pk__in=ids, status=Status.DRAFT.value).order_by("pk"))
    computed = drafts.compute([drafts.due_of(each) for each in found])
    made = [(invoice, each) for invoice, each in zip(found, computed, strict=True) if not isinstance(each, Exception)]
    for invoice, each in zip(found, computed, strict=True):
        if isinstance(each, Exception):
            log.error("computing invoice %s failed", invoice.pk, exc_info=each)
    draft_rows.empty([invoice for invoice, _ in made])
    drafts.write(made, at=at)
    return len(made)


def refresh_if_behind(*, invoice: Invoice, at: datetime) -> bool:
    """Rate a draft again, unless somebody else holds it or it is no draft any more."""
    return bool(refresh_together(invoices=[invoice], at=at))


def note_all_late(*, at: datetime) -> int:
    """Look through the invoices whose account got usage since they were frozen; returns how many got a new flag."""
    return _each(note_late, late_candidates(), at)


@transaction.atomic
def note_late(*, invoice: Invoice, at: datetime) -> bool:
    """Flag an invoice under review or approved if usage of its period came after it was frozen."""
    held = Invoice.objects.select_for_update(skip_locked=True, of=("self",))
    found = held.filter(pk=invoice.pk, status__in=[Status.IN_REVIEW.value, Status.APPROVED.value]).first()
    if found is None:
        return False
    events = late_since(
        found.account_id, Period(found.period_starts_at, found.period_ends_at), found.usage_mark, found.reviewed_at
    )
    wanted = [flag for flag in _flags(found, events) if flag.code == LATE]
    present = list(found.flags.filter(code=LATE).values_list("sentence", flat=True))
    if [flag.sentence for flag in wanted] == present:
        return False
    found.flags.filter(code=LATE).delete()
    drafts.write_flags(found, wanted, [])
    return True


def _each(verb: Callable[..., bool], found: Iterable[Invoice], at: datetime) -> int:
    """Do it to one after the other; a fault in one is logged and doesn't stop the others."""
    done = 0
    for invoice in found:
        try:
            done += verb(invoice=invoice, at=at)
        except Exception:
            log.exception("%s of invoice %s failed", verb.__name__, invoice.pk)
    return done


def _flags(invoice: Invoice, late_events: int) -> tuple[anomalies.Flag, ...]:
    return anomalies.flags(Review(lines=(), net=invoice.net, currency=invoice.currency, late_events=late_events))
