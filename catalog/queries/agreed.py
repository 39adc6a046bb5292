"""What a contract agrees on the whole of an invoice, from its rows to frozen terms: one query a table.

Keys of fees are prefixed by their kind, so that they can't be mistaken for a product's. An instrument goes by its own
key, which its account has once. Balances are billing's: it gives them in, and an instrument that it doesn't name has
its whole amount.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from catalog.models import AgreedBound, AgreedDiscount, Contract, Instrument, OneTimeCharge, RecurringCharge
from catalog.queries.contracts import cycle_of
from catalog.rules import agreed
from catalog.rules.agreed import InstrumentKind, Scope, Timing
from catalog.rules.fees import FeeTerms, one_time_fee, recurring_fee
from catalog.rules.spans import Span, billed_with, span_from
from catalog.rules.terms import Discount, Fee, Source
from monetization.values.periods import Cadence, Period, local_date, service_period

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Agreed:
    """The parts of ``Terms`` that stand beside the charges."""

    fees: tuple[Fee, ...]
    discounts: tuple[Discount, ...]
    minimums: tuple[agreed.Bound, ...]
    maximums: tuple[agreed.Bound, ...]
    instruments: tuple[agreed.Instrument, ...]
    served: tuple[int, int]
    full_period: Period


def agreed_for(contract: Contract, period: Period, balances: Mapping[str, Decimal]) -> Agreed:
    """Give all that is agreed beside the rate card, for one billing period."""
    zone = contract.account.time_zone
    span = span_of(contract, period)
    bounds = list(AgreedBound.objects.filter(contract=contract).prefetch_related("products"))
    return Agreed(
        fees=tuple(_fees(contract, span)),
        discounts=_discounts(contract),
        minimums=_bounds(bounds, AgreedBound.Kind.MINIMUM),
        maximums=_bounds(bounds, AgreedBound.Kind.MAXIMUM),
        instruments=tuple(_instrument(each, balances, zone) for each in instruments_serving(contract, period)),
        served=span.served,
        full_period=span.full(zone),
    )


def span_of(contract: Contract, period: Period) -> Span:
    """Give the full period that a billing period of the contract belongs to, by local dates."""
    zone = contract.account.time_zone
    return span_from(cycle_of(contract), local_date(period.starts_at, zone))


def instruments_serving(contract: Contract, period: Period) -> list[Instrument]:
    """List the commits and credits that lines of a contract's period may draw on."""
    zone = contract.account.time_zone
    rows = instruments_of(contract).prefetch_related("products").order_by("pk")
    return [row for row in rows if access(row, zone).overlap(period) is not None]


def instruments_of(contract: Contract) -> "QuerySet[Instrument]":
    """List those agreed in the contract, and those granted to its account in its currency."""
    granted = Q(account_id=contract.account_id, currency=contract.currency, grant__status="APPROVED")
    return Instrument.objects.filter(Q(contract=contract) | granted)


def access(instrument: Instrument, zone: str) -> Period:
    """Give the instants in which an instrument may be drawn."""
    return service_period(instrument.start_date, instrument.end_date, zone)


def _fees(contract: Contract, span: Span) -> Iterable[Fee]:
    zone, cycle, source = contract.account.time_zone, cycle_of(contract), _source(contract)
    recurring = RecurringCharge.objects.filter(contract=contract).select_related("product").prefetch_related("changes")
    for charge in recurring.order_by("pk"):
        changes = [(each.start_date, each.quantity) for each in charge.changes.all()]
        cadence, timing = Cadence(charge.cadence) if charge.cadence else None, Timing(charge.timing.lower())
        for each in billed_with(cycle, cadence, timing, span):
            yield recurring_fee(
                _fee(charge, "recurring", source), changes, each, timing=timing, currency=contract.currency, zone=zone
            )
    for once in OneTimeCharge.objects.filter(contract=contract).select_related("product").order_by("pk"):
        day: date = once.date or contract.start_date
        if span.first <= day < span.until:
            yield one_time_fee(_fee(once, "one_time", source), day, currency=contract.currency, zone=zone)


def _fee(charge: RecurringCharge | OneTimeCharge, kind: str, source: Source) -> FeeTerms:
    product = charge.product
    return FeeTerms(
        row_id=charge.pk, key=f"{kind}:{charge.key}", product=product.key, name=charge.name,
        tax_category=product.tax_category, tags=frozenset(product.tags), unit_price=charge.unit_price,
        quantity=charge.quantity, source=source,
    )  # fmt: skip


def _source(contract: Contract) -> Source:
    """A fee's price stands in the contract itself."""
    approval = f"foundation.change_request:{contract.request_id}" if contract.request_id else ""
    return Source(contract.key, 0, 0, f"foundation.user:{contract.created_by_id}", approval)


def _discounts(contract: Contract) -> tuple[Discount, ...]:
    percent: Decimal = contract.discount_percent
    first = (Discount(percent, contract.key, "Contract discount"),) if percent else ()
    rows = AgreedDiscount.objects.filter(contract=contract).prefetch_related("products").order_by("pk")
    return (*first, *(_discount(row, contract) for row in rows))


def _discount(row: AgreedDiscount, contract: Contract) -> Discount:
    return Discount(
        row.percent or ZERO, f"discount:{row.key}", row.name, _scope(row), row.amount or ZERO,
        starts_on=contract.start_date, counts_for_minimum=row.counts_for_minimum,
    )  # fmt: skip


def _bounds(rows: Sequence[AgreedBound], kind: str) -> tuple[agreed.Bound, ...]:
    return tuple(agreed.Bound(row.amount, _scope(row), prorates=row.prorates) for row in rows if row.kind == kind)


def _instrument(row: Instrument, balances: Mapping[str, Decimal], zone: str) -> agreed.Instrument:
    return agreed.Instrument(
        id=row.key, kind=InstrumentKind(row.kind.lower()), balance=balances.get(row.key, row.amount),
        period=access(row, zone), original=row.amount, invoiced=row.invoiced, priority=row.priority,
        scope=_scope(row),
    )  # fmt: skip


def _scope(row: Any) -> Scope:
    return Scope(products=frozenset(product.key for product in row.products.all()))
