"""Fees as terms: how a recurring or a one-time charge of a contract becomes spans of days with price and quantity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.rules.agreed import Timing
from catalog.rules.spans import Span
from catalog.rules.terms import Fee, FeeSpan, Price, PriceModel, Source, Tier
from monetization.values.periods import DAY, Period, local_midnight


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What is agreed for a fee, and where: ``row_id`` of the charge, ``source`` of the contract."""

    row_id: int
    key: str
    product: str
    name: str
    tax_category: str
    tags: frozenset[str]
    unit_price: Decimal
    quantity: Decimal
    source: Source


Change = tuple[date, Decimal]


@dataclass(frozen=True, slots=True)
class Owed:
    """Days ``[first, until)`` of a charge's period and the quantity to bill for them; it may be negative."""

    span: Span
    pieces: tuple[tuple[date, date, Decimal], ...]


def recurring_fee(
    fee: FeeTerms,
    changes: Sequence[tuple[date, Decimal]],
    span: Span,
    *,
    timing: Timing,
    currency: str,
    zone: str,
    cuts: Iterable[date] = (),
) -> Fee:
    """Make the fee of one of its periods, cut where its quantity changes, and at ``cuts``."""
    edges = (*cuts, *(day for day, _ in changes))
    days = sorted({span.first, span.until, *(day for day in edges if span.first < day < span.until)})
    spans = tuple(
        FeeSpan(_period(one, end, zone), quantity_on(fee.quantity, changes, one), _price(fee), span.share(one, end))
        for one, end in zip(days, days[1:], strict=False)
    )
    return _fee(fee, currency, span.period(zone), spans, recurring=True, timing=timing)


def owed_fee(fee: FeeTerms, owed: Owed, *, timing: Timing, currency: str, zone: str) -> Fee:
    """Make the fee of what is owed, or given back, for one of its periods."""
    spans = tuple(
        FeeSpan(_period(one, end, zone), quantity, _price(fee), owed.span.share(one, end))
        for one, end, quantity in owed.pieces
    )
    period = Period(spans[0].period.starts_at, spans[-1].period.ends_at)
    return _fee(fee, currency, period, spans, recurring=True, timing=timing)


def one_time_fee(fee: FeeTerms, day: date, *, currency: str, zone: str) -> Fee:
    """Make a fee that is due once, on a local day."""
    period = _period(day, day + DAY, zone)
    return _fee(fee, currency, period, (FeeSpan(period, fee.quantity, _price(fee), (1, 1)),), recurring=False)


def quantity_on(first: Decimal, changes: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    """Give the quantity of a day: the last one stated on or before it."""
    known = [pair for pair in changes if pair[0] <= day]
    return max(known)[1] if known else first


def _fee(
    fee: FeeTerms,
    currency: str,
    period: Period,
    spans: tuple[FeeSpan, ...],
    *,
    recurring: bool,
    timing: Timing = Timing.ADVANCE,
) -> Fee:
    return Fee(fee.key, fee.product, fee.name, fee.tax_category, currency, period, spans, recurring, timing, fee.tags)


def _price(fee: FeeTerms) -> Price:
    tiers = (Tier(unit_price=fee.unit_price),)
    return Price(fee.row_id, fee.key, (), PriceModel.PER_UNIT, tiers, fee.source)


def _period(start: date, end: date, zone: str) -> Period:
    return Period(local_midnight(start, zone), local_midnight(end, zone))
