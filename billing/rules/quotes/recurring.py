"""Recurring charges of a quote: spans of days in which price and quantity stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.bodies.whole import PricingUnitBody
from billing.rules.quotes.moments import day_in
from billing.rules.quotes.prices import Dated, in_force
from billing.rules.quotes.units import rate_of
from catalog.rules.spans import Span
from catalog.rules.terms import Fee, FeeSpan
from monetization.values.periods import Period, local_date, local_midnight


def recurring_fee(
    charge: ChargeBody,
    rows: Sequence[Dated],
    span: Span,
    body: QuoteBody,
    path: str,
    units: Mapping[str, PricingUnitBody],
) -> Fee:
    """Make the fee of one of its periods: a span for each price and quantity."""
    stubs = charge.proration or body.proration
    quantities = [
        (day_in(each.date, f"{path}.quantities[{n}].date"), each.quantity) for n, each in enumerate(charge.quantities)
    ]
    cuts = {span.first, span.until, *(day for day, _ in quantities)}
    cuts |= {
        local_date(edge, body.time_zone) for row in rows for edge in (row.period.starts_at, row.period.ends_at) if edge
    }
    days = sorted(day for day in cuts if span.first <= day <= span.until)
    spans = []
    for start, end in zip(days, days[1:], strict=False):
        prices = in_force(rows, local_midnight(start, body.time_zone))
        if prices:
            quantity = _quantity(charge.quantity, quantities, start)
            weight = span.share(start, end, stubs, body.day_count)
            spans.append(FeeSpan(period_of(start, end, body.time_zone), quantity, prices[0], weight))
    return Fee(
        **named_of(charge), currency=body.currency, period=span.period(body.time_zone), spans=tuple(spans),
        timing=charge.timing, rate=rate_of(charge.pricing_unit, units, path),
    )  # fmt: skip


def _quantity(first: Decimal, later: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """Give the quantity of a day: the last one stated on or before it."""
    known = [(since, quantity) for since, quantity in later if since <= day]
    return sorted(known, key=lambda pair: pair[0])[-1][1] if known else first  # of one day the last stated


def named_of(charge: ChargeBody) -> dict[str, Any]:
    """Give what fees of any kind are called."""
    product = charge.product or charge.key
    return {
        "key": charge.key, "product": product, "name": charge.name or product, "tax_category": charge.tax_category,
        "tags": frozenset(charge.tags),
    }  # fmt: skip


def period_of(start: date, end: date, zone: str) -> Period:
    """Give days as instants."""
    return Period(local_midnight(start, zone), local_midnight(end, zone))
