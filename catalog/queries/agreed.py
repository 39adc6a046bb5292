"""What a contract agrees on the whole of an invoice, from its rows to frozen terms: no query but the shelf's.

Keys of fees are prefixed by their kind, so that they can't be mistaken for a product's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from catalog.models import AgreedBound, AgreedDiscount, Contract
from catalog.queries.agreed_allowances import Allowed, allowed_in
from catalog.queries.agreed_fees import fees_of
from catalog.queries.contracts import cycle_of, first_paid
from catalog.queries.instrument_terms import instrument_terms, scope_of
from catalog.queries.instruments import instruments_serving
from catalog.queries.shelf import Shelf
from catalog.rules import agreed
from catalog.rules.coupons import in_period
from catalog.rules.spans import Span, span_from
from catalog.rules.terms import Discount, Fee
from monetization.values.periods import DAY, Period, local_date

ZERO = Decimal(0)
HUNDRED = Decimal(100)
TRIAL = "trial"


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
    allowed: Mapping[str, Allowed]


def agreed_for(contract: Contract, period: Period, balances: Mapping[str, Decimal], shelf: Shelf) -> Agreed:
    """Give all that is agreed beside the rate card, for one billing period of a contract of the shelf."""
    zone = contract.account.time_zone
    span = span_of(contract, period)
    if span.first < first_paid(contract):
        return _trial(contract, span)
    bounds = contract.bounds.all()
    return Agreed(
        fees=tuple(fees_of(contract, span)),
        discounts=_discounts(contract, period),
        minimums=_bounds(bounds, AgreedBound.Kind.MINIMUM),
        maximums=_bounds(bounds, AgreedBound.Kind.MAXIMUM),
        instruments=tuple(
            instrument_terms(each, balances, zone) for each in instruments_serving(contract, period, shelf)
        ),
        served=span.served,
        full_period=span.full(zone),
        allowed=allowed_in(contract, span),
    )


def _trial(contract: Contract, span: Span) -> Agreed:
    """Take everything off: a trial shows what was used and what it would cost, and nothing else is due in it."""
    last = first_paid(contract) - DAY
    free = Discount(HUNDRED, TRIAL, f"Free trial until {last:%-d %B %Y}", starts_on=contract.start_date)
    return Agreed((), (free,), (), (), (), span.served, span.full(contract.account.time_zone), {})


def span_of(contract: Contract, period: Period) -> Span:
    """Give the full period that a billing period of the contract belongs to, by local dates."""
    zone = contract.account.time_zone
    return span_from(cycle_of(contract), local_date(period.starts_at, zone))


def _discounts(contract: Contract, period: Period) -> tuple[Discount, ...]:
    percent: Decimal = contract.discount_percent
    first = (Discount(percent, contract.key, "Contract discount"),) if percent else ()
    found = (_in_period(row, contract, period) for row in contract.discounts.all())
    return (*first, *(each for each in found if each is not None))


def _in_period(row: AgreedDiscount, contract: Contract, period: Period) -> Discount | None:
    """Give a discount where it stands; of one that carries its rest, what all its periods gave so far."""
    made = _discount(row, contract)
    if row.periods is None and not row.carry_rest:
        return made
    number = cycle_of(contract).containing(period.starts_at)
    first = 1 if contract.trial_until else 0  # the trial is none of its periods
    return in_period(made, number[0] - first if number else 0, row.periods, carries=row.carry_rest)


def _discount(row: AgreedDiscount, contract: Contract) -> Discount:
    return Discount(
        row.percent or ZERO, f"discount:{row.key}", row.name, scope_of(row), row.amount or ZERO,
        starts_on=contract.start_date, counts_for_minimum=row.counts_for_minimum,
    )  # fmt: skip


def _bounds(rows: Iterable[AgreedBound], kind: str) -> tuple[agreed.Bound, ...]:
    return tuple(agreed.Bound(row.amount, scope_of(row), prorates=row.prorates) for row in rows if row.kind == kind)
