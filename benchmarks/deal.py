"""A contract as the bench rates it in memory: 40 products, 3 commits, 5 prices that change, 8 cuts of its month."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from catalog.rules.agreed import Instrument, InstrumentKind, Scope
from catalog.rules.terms import (
    Aggregation,
    Charge,
    Dimension,
    Measure,
    MetricTerms,
    Price,
    PriceModel,
    Segment,
    Source,
    Terms,
    Tier,
)
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period

PRODUCTS, CHANGED, CUTS = 40, 5, 8
START = datetime(2026, 10, 1, tzinfo=UTC)
MONTH = Period(START, datetime(2026, 11, 1, tzinfo=UTC))
MODELS, KINDS = ("small", "large"), ("input", "output")
METRICS = tuple(
    MetricTerms(
        metric=f"metric-{number}", version_id=number, number=1, event_type="bench", aggregation=Aggregation.SUM,
        measures=(Measure("units"),), dimensions=(Dimension("model", "model"), Dimension("kind", "kind")),
        unit="1M units", divisor=Decimal(1_000_000),
    )
    for number in range(1, 9)
)  # fmt: skip
SOURCES = (Source("list", 1, 1), Source("list", 2, 2))


def terms() -> Terms:
    """Give the contract's terms for October 2026; a cut each third day at half past twelve."""
    before, after = charges(0), charges(1)
    cuts = [START + timedelta(days=3 * number, hours=12, minutes=30) for number in range(1, CUTS + 1)]
    pieces = list(MONTH.cut(cuts))
    segments = tuple(Segment(each, before if n <= CUTS // 2 else after) for n, each in enumerate(pieces))
    return Terms("bench", "EUR", "UTC", MONTH, segments, instruments=instruments())


def usage() -> list[UsageRow]:
    """Give what was used of every product in every segment, by model and kind: 1,440 rows."""
    return [
        UsageRow(
            METRICS[number % len(METRICS)].version_id, segment, (("model", model), ("kind", kind)),
            Decimal(1_000_003 * (number + 3) + 7_919 * segment), 100 + segment,
        )
        for number in range(PRODUCTS)
        for segment in range(CUTS + 1)
        for model in MODELS
        for kind in KINDS
    ]  # fmt: skip


def charges(version: int) -> tuple[Charge, ...]:
    """Give the products' charges under one version; the second changes the prices of five."""
    return tuple(_charge(number, version if number < CHANGED else 0, version) for number in range(PRODUCTS))


def _charge(number: int, priced: int, version: int) -> Charge:
    unit = Decimal(number + 1) / (8 if priced == 0 else 10)
    models = (PriceModel.PER_UNIT, (Tier(unit_price=unit),)), (
        PriceModel.GRADUATED, (Tier(Decimal(10), unit), Tier(Decimal(50), unit / 2), Tier(None, unit / 4)),
    )  # fmt: skip
    rows = []
    for place, kind in enumerate(KINDS):
        model, tiers = models[(number + place) % 2]
        row = 100 * number + 10 * version + place
        rows.append(Price(row, kind, (("kind", kind),), model, tiers, SOURCES[version]))
    key = f"product-{number:02}"
    return Charge(key, key.capitalize(), "standard", METRICS[number % len(METRICS)], "EUR", tuple(rows))


def instruments() -> tuple[Instrument, ...]:
    """Give a credit, a prepaid commit for some products, and a postpaid one."""
    some = Scope(products=frozenset(f"product-{number:02}" for number in range(10)))
    return (
        Instrument("welcome", InstrumentKind.CREDIT, Decimal(500), MONTH, original=Decimal(500)),
        Instrument(
            "annual", InstrumentKind.PREPAID, Decimal(9_000), Period(START, None), original=Decimal(12_000),
            invoiced=Decimal(10_000), scope=some,
        ),
        Instrument(
            "promise", InstrumentKind.POSTPAID, Decimal(50_000), Period(START, datetime(2027, 10, 1, tzinfo=UTC)),
            original=Decimal(50_000),
        ),
    )  # fmt: skip
