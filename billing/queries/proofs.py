"""Checks of the books that compute again: lines from their steps and evidence, and the digests of copies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from billing.models import InvoiceLine, IssuedCopy
from billing.queries.line_proofs import faults_of
from billing.queries.usage_proof import usage_matches_events
from billing.rules.lifecycle import Status
from billing.rules.scopes import LineKind
from monetization.values.canonical import digest

PRICED = (LineKind.USAGE.value, LineKind.RECURRING.value, LineKind.ONE_TIME.value)
Row = dict[str, Any]
Proof = tuple[str, str, Callable[[datetime], list[Row]]]


def evidence_rates_again(at: datetime) -> list[Row]:
    """Compute every frozen line again from its evidence, its steps and the price row that it names."""
    lines = (
        InvoiceLine.objects.exclude(invoice__status=Status.DRAFT.value)
        .select_related("invoice", "price", "override", "metric_version", "evidence")
        .prefetch_related("price__tiers", "override__tiers")
        .order_by("pk")
    )
    return [
        {"invoice": line.invoice_id, "line": line.position, "wrong": wrong}
        for line in lines.iterator(chunk_size=500)
        for wrong in faults_of(line)
    ]


def copies_keep_their_digest(at: datetime) -> list[Row]:
    """Compute the digest of every frozen copy again."""
    copies = IssuedCopy.objects.order_by("pk")
    return [
        {"invoice": copy.invoice_id, "digest": bytes(copy.digest).hex()}
        for copy in copies.iterator(chunk_size=100)
        if digest(copy.content) != bytes(copy.digest)
    ]


PROOFS: tuple[Proof, ...] = (
    ("usage_matches_events", "Hourly usage is exactly what the events that count add up to.", usage_matches_events),
    ("evidence_rates_again", "Every frozen line follows from its evidence, steps and price row.", evidence_rates_again),
    ("copies_keep_their_digest", "No frozen copy was changed since it was made.", copies_keep_their_digest),
)
