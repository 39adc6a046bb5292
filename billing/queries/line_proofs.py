"""What doesn't follow on a frozen line: steps, list amount, exact amount, rounding, shares; usage and evidence."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod
from typing import Any

from billing.models import InvoiceLine
from billing.rules.scopes import LineKind
from catalog.models import CommitPrice
from catalog.queries.cards import tariff_of_row
from catalog.rules.tariffs import Tariff, WrittenModel
from monetization.values.money import round_half_away, round_once

PRICED = (LineKind.USAGE.value, LineKind.RECURRING.value, LineKind.ONE_TIME.value)
Row = dict[str, Any]


def faults_of(line: InvoiceLine) -> Iterator[str]:
    """Say what doesn't follow: steps → list amount → exact → rounded → shares; usage → evidence → quantity."""
    source, exact = line.source, Fraction(line.exact)
    if line.kind not in PRICED:
        yield from _wrong_rounding(line, exact)
        return
    listed = sum((_step(step) for step in line.steps), Fraction(0)) * _rate(line)
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


def _rate(line: InvoiceLine) -> Fraction:
    """Give what the unit of the steps is worth in the currency."""
    return Fraction(line.source.get("pricing_unit", {}).get("rate", 1))


def _step(step: Row) -> Fraction:
    return Fraction(step["exact"])


def _wrong_steps(line: InvoiceLine) -> Iterator[str]:
    """Say which step is no product of its numbers, and where its units are not the line's.

    Blocks, packages and flat fees count no units; a fee of transactions may be clamped, and leaves free ones out.
    """
    tariff = _tariff(line)
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


def _tariff(line: InvoiceLine) -> Tariff | None:
    row = line.price or line.override
    return tariff_of_row(row) if row is not None else None


def _factor(line: InvoiceLine) -> Fraction:
    """Multiply what the contract's multipliers made of the card's row."""
    applied = line.source["cards"][0].get("multipliers", ()) if line.source["cards"] else ()
    return prod((Fraction(each["factor"]) for each in applied), start=Fraction(1))


def _wrong_price(line: InvoiceLine) -> Iterator[str]:
    tariff, factor = _tariff(line), _factor(line)
    if tariff is None:
        return
    known = {
        (None if tier.up_to is None else Fraction(tier.up_to), Fraction(tier.unit_price) * factor)
        for tier in tariff.tiers
    }
    if tariff.transaction is not None:
        known = {(None, Fraction(tariff.transaction.percent) / 100 * factor)}
    for step in line.steps:
        up_to = None if step["up_to"] is None else Fraction(step["up_to"])
        stated = known if "commit" not in step else {(up_to, price) for price in _own(line, step["commit"], known)}
        if (up_to, Fraction(step["unit_price"])) not in stated:
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


def _own(line: InvoiceLine, key: str, known: set[tuple[Fraction | None, Fraction]]) -> Iterator[Fraction]:
    """Yield what a unit may cost on a commit: its own price, or a multiple of what the row says."""
    rows = CommitPrice.objects.filter(product_id=line.product_id or 0, commit__items__key=key)
    for own in rows.filter(commit__contract_id=line.invoice.contract_id):
        listed = [price for _, price in known] if own.unit_price is None else [Fraction(1)]
        yield from (price * Fraction(own.multiplier or own.unit_price or 0) for price in listed)
