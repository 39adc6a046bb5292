"""Recurring, one-time and composite charges of a quote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.rules.quotes.bodies import ChargeBody, PricingUnitBody, QuoteBody
from billing.rules.quotes.charges import rate_of, rates
from billing.rules.quotes.days import Span, charge_spans, day_in
from billing.rules.quotes.prices import SOURCE, Dated, dated, in_force
from billing.rules.quotes.scopes import scope_of
from catalog.rules.agreed import Composite
from catalog.rules.terms import Fee, FeeSpan, Price, PriceModel, Tier
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, Period, local_date, local_midnight


def fees_of(body: QuoteBody, span: Span, *, is_first: bool) -> list[Fee]:
    """List the fees that are billed with a billing period. Raises Invalid."""
    units, found = rates(body), list[Fee]()
    for number, charge in enumerate(body.charges):
        path = f"charges[{number}]"
        if charge.kind == "recurring":
            rows = _rows(charge, path, body.time_zone)
            found += [_recurring(charge, rows, each, body, path, units) for each in charge_spans(charge, body, span)]
        elif charge.kind == "one_time":
            day = day_in(charge.date, f"{path}.date") if charge.date else span.first
            if span.first <= day < span.until and (charge.date or is_first):
                found.append(_one_time(charge, day, body, path, units))
    return [fee for fee in found if fee.spans]


def composites_of(body: QuoteBody) -> tuple[Composite, ...]:
    """List the composites."""
    return tuple(
        Composite(
            charge.key, charge.product or charge.key, charge.name or charge.product or charge.key, charge.tax_category,
            _percent(charge, f"charges[{number}]"), scope_of(charge.of), frozenset(charge.tags),
        )
        for number, charge in enumerate(body.charges)
        if charge.kind == "composite"
    )  # fmt: skip


def _recurring(
    charge: ChargeBody,
    rows: Sequence[Dated],
    span: Span,
    body: QuoteBody,
    path: str,
    units: Mapping[str, PricingUnitBody],
) -> Fee:
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
            spans.append(FeeSpan(_period(start, end, body.time_zone), quantity, prices[0], weight))
    return Fee(
        **_named(charge), currency=body.currency, period=span.period(body.time_zone), spans=tuple(spans),
        timing=charge.timing, rate=rate_of(charge.pricing_unit, units, path),
    )  # fmt: skip


def _one_time(charge: ChargeBody, day: date, body: QuoteBody, path: str, units: Mapping[str, PricingUnitBody]) -> Fee:
    unit_price = charge.amount if charge.amount is not None else charge.unit_price
    if unit_price is None:
        raise Invalid("The amount is missing", field=f"{path}.amount", fix="Give an amount, or unit_price and quantity")
    quantity = Decimal(1) if charge.amount is not None else charge.quantity
    period = _period(day, day + DAY, body.time_zone)
    span = FeeSpan(period, quantity, _flat(unit_price), (1, 1))
    return Fee(
        **_named(charge), currency=body.currency, period=period, spans=(span,), recurring=False,
        rate=rate_of(charge.pricing_unit, units, path),
    )  # fmt: skip


def _rows(charge: ChargeBody, path: str, zone: str) -> list[Dated]:
    if charge.prices:
        if any(row.match for row in charge.prices):
            raise Invalid("A recurring charge has no dimensions", field=f"{path}.prices", fix="Leave out match")
        return dated(charge.prices, (), f"{path}.prices", zone)
    if charge.unit_price is None:
        raise Invalid("The price is missing", field=f"{path}.unit_price", fix="Give unit_price, or prices")
    return [Dated(_flat(charge.unit_price), Period(local_midnight(date(1, 1, 2), "UTC"), None))]


def _flat(unit_price: Decimal) -> Price:
    return Price(0, "0", (), PriceModel.PER_UNIT, (Tier(unit_price=unit_price),), SOURCE)


def _quantity(first: Decimal, later: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """Give the quantity of a day: the last one stated on or before it."""
    known = [(since, quantity) for since, quantity in later if since <= day]
    return sorted(known, key=lambda pair: pair[0])[-1][1] if known else first  # of one day the last stated


def _named(charge: ChargeBody) -> dict[str, Any]:
    product = charge.product or charge.key
    return {
        "key": charge.key, "product": product, "name": charge.name or product, "tax_category": charge.tax_category,
        "tags": frozenset(charge.tags),
    }  # fmt: skip


def _percent(charge: ChargeBody, path: str) -> Decimal:
    if charge.percent is None:
        raise Invalid("The percentage is missing", field=f"{path}.percent", fix="Give a decimal text")
    return charge.percent


def _period(start: date, end: date, zone: str) -> Period:
    return Period(local_midnight(start, zone), local_midnight(end, zone))
