"""Short ways to write terms, usage and events in tests of rules. Numbers are decimal text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from catalog.rules.cards import CardCharge, CardPrice
from catalog.rules.terms import (
    Aggregation,
    Charge,
    Dimension,
    Dims,
    Discount,
    Measure,
    MetricTerms,
    Price,
    PriceModel,
    Segment,
    Source,
    Terms,
    Tier,
)
from metering.rules.aggregate import Event
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period

START = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
D = Decimal
rows = count(1)
events = count(1)

TOKENS = MetricTerms(
    metric="tokens",
    version_id=1,
    number=1,
    event_type="completion",
    aggregation=Aggregation.SUM,
    measures=(Measure("input_tokens", "input"), Measure("output_tokens", "output")),
    measure_dimension="token_type",
    dimensions=(Dimension("model", "model"),),
    unit="1M tokens",
    divisor=D(1_000_000),
)
CALLS = MetricTerms(
    metric="calls",
    version_id=2,
    number=1,
    event_type="completion",
    aggregation=Aggregation.COUNT,
    dimensions=(Dimension("model", "model"),),
    unit="calls",
)
PLAIN = MetricTerms(
    metric="units",
    version_id=3,
    number=1,
    event_type="work",
    aggregation=Aggregation.SUM,
    measures=(Measure("units"),),
    unit="units",
)


def dims(**values: str) -> Dims:
    return tuple(values.items())


def tiers(*table: tuple[str | None, str] | tuple[str | None, str, str]) -> tuple[Tier, ...]:
    """Write tiers as (up_to, unit price) or (up_to, unit price, flat fee)."""
    return tuple(
        Tier(None if row[0] is None else D(row[0]), D(row[1]), D(row[2]) if len(row) > 2 else D(0)) for row in table
    )


def source(version: int = 1, card: str = "standard") -> Source:
    return Source(card, version, 100 + version, "mia", f"request {version}")


def unit_price(amount: str, match: Dims = (), version: int = 1) -> Price:
    return Price(next(rows), _key(match), match, PriceModel.PER_UNIT, tiers((None, amount)), source(version))


def graduated(*table: Any, match: Dims = (), version: int = 1) -> Price:
    return Price(next(rows), _key(match), match, PriceModel.GRADUATED, tiers(*table), source(version))


def charge(
    *prices: Price,
    metric: MetricTerms = PLAIN,
    product: str = "work",
    currency: str = "USD",
    flat_at_zero: bool = False,
) -> Charge:
    return Charge(
        product,
        product.capitalize(),
        "standard",
        metric,
        currency,
        prices,
        flat_at_zero=flat_at_zero,
    )


def card_charge(*prices: tuple[str, Price], metric: MetricTerms = PLAIN, product: str = "work") -> CardCharge:
    on_card = tuple(CardPrice(currency, price) for currency, price in prices)
    return CardCharge(product, product.capitalize(), "standard", metric, on_card)


def terms(*segments: Sequence[Charge], days: int = 31, discounts: Sequence[Discount] = ()) -> Terms:
    """Cut a month into one segment for each sequence of charges, as evenly as whole days go."""
    edges = [START + DAY * (days * i // len(segments)) for i in range(len(segments) + 1)]
    cut = tuple(
        Segment(Period(start, end), tuple(charges))
        for start, end, charges in zip(edges, edges[1:], segments, strict=False)
    )
    currency = segments[0][0].currency if segments and segments[0] else "USD"
    period = Period(edges[0], edges[-1])
    return Terms("acme-2026", currency, "Europe/Berlin", period, cut, tuple(discounts))


def used(quantity: str, segment: int = 0, metric: MetricTerms = PLAIN, count: int = 1, **values: str) -> UsageRow:
    return UsageRow(metric.version_id, segment, tuple(values.items()), D(quantity), count)


def event(data: Mapping[str, Any], at: datetime = START, kind: str = "completion", name: str = "") -> Event:
    return Event(name or f"e{next(events)}", "api", kind, "acme", at, data)


def _key(match: Dims) -> str:
    return "/".join(value for _, value in match) or "any"
