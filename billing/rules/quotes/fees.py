"""Recurring, one-time and composite charges of a quote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.bodies.whole import PricingUnitBody
from billing.rules.quotes.days import charge_spans
from billing.rules.quotes.models import SOURCE
from billing.rules.quotes.moments import day_in
from billing.rules.quotes.prices import Dated, dated
from billing.rules.quotes.recurring import named_of, period_of, recurring_fee
from billing.rules.quotes.scopes import scope_of
from billing.rules.quotes.units import rate_of, rates
from catalog.rules.agreed import Composite
from catalog.rules.spans import Span
from catalog.rules.terms import Fee, FeeSpan, Price, PriceModel, Tier
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, Period, local_midnight


def fees_of(body: QuoteBody, span: Span, *, is_first: bool) -> list[Fee]:
    """List the fees that are billed with a billing period. Raises Invalid."""
    units, found = rates(body), list[Fee]()
    for number, charge in enumerate(body.charges):
        path = f"charges[{number}]"
        if charge.kind == "recurring":
            rows = _rows(charge, path, body.time_zone)
            found += [recurring_fee(charge, rows, each, body, path, units) for each in charge_spans(charge, body, span)]
        elif charge.kind == "one_time":
            day = day_in(charge.date, f"{path}.date") if charge.date else span.first
            if span.first <= day < span.until and (charge.date or is_first):
                found.append(_one_time(charge, day, body, path, units))
    return [fee for fee in found if fee.spans]


def composites_of(body: QuoteBody) -> tuple[Composite, ...]:
    """List the composites. Raises Invalid where one is to count another: composites count other kinds of lines."""
    keys = {charge.key for charge in body.charges if charge.kind == "composite"}
    for number, charge in enumerate(body.charges):
        counted = sorted(keys & set(charge.of.charges)) if charge.kind == "composite" else ()
        if counted:
            said = "itself" if counted[0] == charge.key else f"“{counted[0]}”, a composite too"
            fix = "Name charges of other kinds"
            raise Invalid(f"“{charge.key}” would count {said}", field=f"charges[{number}].of.charges", fix=fix)
    return tuple(
        Composite(
            charge.key, charge.product or charge.key, charge.name or charge.product or charge.key, charge.tax_category,
            _percent(charge, f"charges[{number}]"), scope_of(charge.of), frozenset(charge.tags),
        )
        for number, charge in enumerate(body.charges)
        if charge.kind == "composite"
    )  # fmt: skip


def _one_time(charge: ChargeBody, day: date, body: QuoteBody, path: str, units: Mapping[str, PricingUnitBody]) -> Fee:
    unit_price = charge.amount if charge.amount is not None else charge.unit_price
    if unit_price is None:
        raise Invalid("The amount is missing", field=f"{path}.amount", fix="Give an amount, or unit_price and quantity")
    quantity = Decimal(1) if charge.amount is not None else charge.quantity
    period = period_of(day, day + DAY, body.time_zone)
    span = FeeSpan(period, quantity, _flat(unit_price), (1, 1))
    return Fee(
        **named_of(charge), currency=body.currency, period=period, spans=(span,), recurring=False,
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


def _percent(charge: ChargeBody, path: str) -> Decimal:
    if charge.percent is None:
        raise Invalid("The percentage is missing", field=f"{path}.percent", fix="Give a decimal text")
    return charge.percent
