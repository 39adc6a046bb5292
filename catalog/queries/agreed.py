"""What a contract agrees on the whole of an invoice, from its rows to frozen terms: one query a table.

Keys of fees are prefixed by their kind, so that they can't be mistaken for a product's. An instrument goes by its own
key, which its account has once. Balances are billing's: it gives them in, and an instrument that it doesn't name has
its whole amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from catalog.models import AgreedBound, AgreedDiscount, Contract, Instrument
from catalog.queries.agreed_fees import fees_of
from catalog.queries.contracts import cycle_of
from catalog.rules import agreed
from catalog.rules.agreed import InstrumentKind, Scope
from catalog.rules.spans import Span, span_from
from catalog.rules.terms import Discount, Fee
from monetization.values.periods import Period, local_date, service_period

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
        fees=tuple(fees_of(contract, span)),
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
