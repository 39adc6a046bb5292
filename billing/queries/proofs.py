"""Checks of the books that compute again: lines from their steps and evidence, and the digests of copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any

from billing.models import InvoiceLine, IssuedCopy
from billing.queries.usage_proof import usage_matches_events
from billing.rules.lifecycle import Status
from billing.rules.scopes import LineKind
from catalog.queries.cards import tariff_of_row
from catalog.rules.tariffs import WrittenModel
from monetization.values.canonical import digest
from monetization.values.money import round_half_away, round_once

PRICED = (LineKind.USAGE.value, LineKind.RECURRING.value, LineKind.ONE_TIME.value)
Row = dict[str, Any]
Proof = tuple[str, str, Callable[[datetime], list[Row]]]


def evidence_rates_again(at: datetime) -> list[Row]:
    """Compute every frozen line again from its evidence, its steps and the price row that it names."""
    lines = (
        InvoiceLine.objects.exclude(invoice__status=Status.DRAFT.value)
        .select_related("invoice", "price", "metric_version", "evidence")
        .prefetch_related("price__tiers")
        .order_by("pk")
    )
    return [
        {"invoice": line.invoice_id, "line": line.position, "wrong": wrong}
        for line in lines.iterator(chunk_size=500)
        for wrong in _wrong(line)
    ]


def copies_keep_their_digest(at: datetime) -> list[Row]:
    """Compute the digest of every frozen copy again."""
    copies = IssuedCopy.objects.order_by("pk")
    return [
        {"invoice": copy.invoice_id, "digest": bytes(copy.digest).hex()}
        for copy in copies.iterator(chunk_size=100)
        if digest(copy.content) != bytes(copy.digest)
    ]


def _wrong(line: InvoiceLine) -> Iterator[str]:
    """Say what doesn't follow: steps → list amount → exact → rounded → shares; usage → evidence → quantity."""
    source, exact = line.source, Fraction(line.exact)
    if line.kind not in PRICED:
        yield from _wrong_rounding(line, exact)
        return
    listed = sum((_step(step) for step in line.steps), Fraction(0))
    if listed != Fraction(source["list"]):
        yield "the steps don't sum to the list amount"
    if not source["discounts"] and exact != listed:
        yield "the exact amount is not the list amount"
    yield from _wrong_rounding(line, exact)
    if sum(Fraction(step["share"]) for step in line.steps) != line.amount and line.steps:
        yield "the shares of the steps don't sum to the amount"
    if line.kind == LineKind.USAGE.value:
        yield from _wrong_steps(line)
        yield from _wrong_price(line)
        yield from _wrong_usage(line)


def _wrong_rounding(line: InvoiceLine, exact: Fraction) -> Iterator[str]:
    if round_once(exact, line.invoice.currency) != line.amount:
        yield "the amount is not the exact amount rounded once"


def _step(step: Row) -> Fraction:
    return Fraction(step["exact"]) * Fraction(step.get("weight", 1))


def _wrong_steps(line: InvoiceLine) -> Iterator[str]:
    """Say which step is no product of its numbers, and where its units are not the line's.

    Blocks, packages and flat fees count no units; a fee of transactions may be clamped, and leaves free ones out.
    """
    tariff = tariff_of_row(line.price) if line.price is not None else None
    if tariff is not None and tariff.transaction is not None:
        return
    for step in line.steps:
        if Fraction(step["quantity"]) * Fraction(step["unit_price"]) + Fraction(step["flat_fee"]) != _step(step):
            yield "a step is not its quantity at its price"
    counts_units = tariff is None or not any(tier.block_size for tier in tariff.tiers)
    if tariff is not None and tariff.model is WrittenModel.TIERED_FLAT:
        return
    if counts_units and sum(Fraction(step["quantity"]) for step in line.steps) != Fraction(line.source["quantity"]):
        yield "the quantities of the steps don't sum to the line's"


def _wrong_price(line: InvoiceLine) -> Iterator[str]:
    if line.price is None:
        return
    tariff = tariff_of_row(line.price)
    known = {(None if tier.up_to is None else Fraction(tier.up_to), Fraction(tier.unit_price)) for tier in tariff.tiers}
    if tariff.transaction is not None:
        known = {(None, Fraction(tariff.transaction.percent) / 100)}
    for step in line.steps:
        up_to = None if step["up_to"] is None else Fraction(step["up_to"])
        if (up_to, Fraction(step["unit_price"])) not in known:
            yield f"the price {step['unit_price']} is not on the price row"


def _wrong_usage(line: InvoiceLine) -> Iterator[str]:
    source, metric = line.source, line.metric_version
    measured = sum((Fraction(used["quantity"]) for used in source["usage"]), Fraction(0))
    if measured != Fraction(source["measured"]):
        yield "the usage doesn't sum to what was measured"
    if line.quantity != round_half_away(Fraction(source["quantity"]), 18):
        yield "the quantity is not the one that was priced"
    exact = metric is not None and not metric.rounding
    if metric is not None and exact and Fraction(source["quantity"]) != measured / Fraction(metric.divisor):
        yield "the quantity is not the usage converted"
    evidence = getattr(line, "evidence", None)
    if evidence is None:
        yield "there is no evidence"
    elif (Fraction(evidence.quantity), evidence.event_count) != (measured, line.events):
        yield "the evidence counts other usage"


PROOFS: tuple[Proof, ...] = (
    ("usage_matches_events", "Hourly usage is exactly what the events that count add up to.", usage_matches_events),
    ("evidence_rates_again", "Every frozen line follows from its evidence, steps and price row.", evidence_rates_again),
    ("copies_keep_their_digest", "No frozen copy was changed since it was made.", copies_keep_their_digest),
)
