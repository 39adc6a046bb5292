"""The terms of one billing period of a quote."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing.rules.quotes.bodies import QuoteBody
from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.charges import segments
from billing.rules.quotes.fees import composites_of, fees_of
from billing.rules.quotes.scopes import bounds_of, instruments_of
from billing.rules.quotes.usage import Usage
from catalog.rules.agreed import Discount, Named
from catalog.rules.overrides import OwnPrices
from catalog.rules.spans import Span
from catalog.rules.terms import Terms


def terms_of(
    body: QuoteBody,
    charges: Sequence[Usage],
    own: OwnPrices,
    span: Span,
    balances: dict[str, Decimal],
    discounts: tuple[Discount, ...],
    *,
    is_first: bool,
) -> Terms:
    """Give all that the body agrees for one billing period."""
    period = span.period(body.time_zone)
    instruments = instruments_of(body, balances)
    edges = [each.period.starts_at for each in instruments]
    edges += [each.period.ends_at for each in instruments if each.period.ends_at is not None]
    return Terms(
        contract="quote",
        currency=body.currency,
        zone=body.time_zone,
        period=period,
        segments=tuple(segments(period, charges, own, edges, body.currency)),
        discounts=discounts,
        fees=tuple(fees_of(body, span, is_first=is_first)),
        composites=composites_of(body),
        minimums=bounds_of(body, "minimum"),
        maximums=bounds_of(body, "maximum"),
        instruments=instruments,
        served=span.share(span.first, span.until, body.proration, body.day_count),
        is_threshold=body.kind == "THRESHOLD",
        full_period=span.full(body.time_zone),
        things=tuple(thing_of(charge) for charge in body.charges),
    )


def thing_of(charge: ChargeBody) -> Named:
    """Name a charge for scopes."""
    product = charge.product or charge.key
    tags, name = frozenset(charge.tags), charge.name or product
    return Named(charge.key, product, name, charge.tax_category, tags, charge.kind)
