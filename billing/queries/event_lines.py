"""Which invoice lines bill an event: those of its account whose metric version, time and dimension values hold it.

A line keeps the dimension values that it billed, so this is the way of `trail` in the other direction. How much of a
line's amount is one event's can't be said exactly where tiers or rounding stand between; its share of the quantity
can, where quantities add up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.models import Invoice, InvoiceLine
from billing.queries.sources import Card, cards_of
from billing.rules.lifecycle import Status
from catalog.rules.terms import Aggregation, Dims
from metering.rules.book import Readings
from metering.stores.postgres import Stored
from monetization.foundation.models import Environment
from monetization.values.money import round_half_away, round_once

FROZEN = (Status.IN_REVIEW.value, Status.APPROVED.value, Status.ISSUED.value, Status.PAID.value)


@dataclass(frozen=True, slots=True)
class Billed:
    """A line that bills a reading of the event: its price's cards, the event's share of its quantity and amount.

    `came_late`: the invoice was frozen before the event came, so its usage isn't in the line.
    """

    invoice: Invoice
    line: InvoiceLine
    cards: tuple[Card, ...]
    dims: Dims
    quantity: Decimal
    percent: Decimal | None
    amount: Decimal | None
    came_late: bool


def invoices_around(environment: Environment, stored: Stored) -> list[Invoice]:
    """List the account's invoices whose period holds the event's time, void ones left out."""
    rows = Invoice.objects.filter(
        environment=environment,
        account=stored.account_id,
        period_starts_at__lte=stored.time,
        period_ends_at__gt=stored.time,
    )
    return list(rows.exclude(status="VOID").order_by("pk"))


def lines_of(invoices: list[Invoice], stored: Stored, readings: Readings) -> list[Billed]:
    """Find the lines of these invoices that bill the event's readings; three queries at most."""
    versions = {metric.version_id for metric, _ in readings}
    rows = InvoiceLine.objects.filter(
        invoice__in=invoices, metric_version__in=versions, starts_at__lte=stored.time, ends_at__gt=stored.time
    )
    lines = list(rows.select_related("product", "price").order_by("invoice_id", "position"))
    cards, by_id = cards_of(lines), {invoice.pk: invoice for invoice in invoices}
    return [
        _billed(by_id[line.invoice_id], line, cards[line.pk], stored, found)
        for line in lines
        for found in _held(line, readings)
    ]


def _held(line: InvoiceLine, readings: Readings) -> Iterator[tuple[Any, Any, Mapping[str, Any]]]:
    """Give the readings whose dimension values the line billed, each with that part of the line's usage."""
    for metric, reading in readings:
        if metric.version_id == line.metric_version_id:
            wanted = dict(reading.dims)
            yield from ((metric, reading, row) for row in line.source.get("usage", ()) if row["dims"] == wanted)


def _billed(
    invoice: Invoice,
    line: InvoiceLine,
    cards: tuple[Card, ...],
    stored: Stored,
    found: tuple[Any, Any, Mapping[str, Any]],
) -> Billed:
    metric, reading, _ = found
    late = _came_late(invoice, stored.received_at)
    adds = metric.adds_up and metric.aggregation in (Aggregation.SUM, Aggregation.COUNT)
    whole = sum((Fraction(row["quantity"]) for row in line.source.get("usage", ())), Fraction(0)) if adds else 0
    share = Fraction(reading.quantity) / whole if whole and not late else None
    return Billed(
        invoice=invoice,
        line=line,
        cards=cards,
        dims=reading.dims,
        quantity=reading.quantity,
        percent=None if share is None else round_half_away(share * 100, 4),
        amount=None if share is None else round_once(share * Fraction(line.amount), invoice.currency),
        came_late=late,
    )


def _came_late(invoice: Invoice, received_at: datetime) -> bool:
    """Say whether the invoice was frozen already when the event came."""
    return invoice.status in FROZEN and invoice.reviewed_at is not None and received_at > invoice.reviewed_at
