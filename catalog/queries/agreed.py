"""What a contract agrees on the whole of an invoice, from its rows to frozen terms: no query but the shelf's.

Keys of fees are prefixed by their kind, so that they can't be mistaken for a product's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.models import AgreedBound, AgreedDiscount, Contract
from catalog.queries.agreed_allowances import Allowed, allowed_in
from catalog.queries.agreed_composites import composites_in
from catalog.queries.agreed_fees import fees_of
from catalog.queries.amended import Amended
from catalog.queries.contracts import cycle_of, first_paid
from catalog.queries.instrument_terms import instrument_terms, scope_of
from catalog.queries.instruments import instruments_serving
from catalog.queries.shelf import Shelf
from catalog.rules import agreed
from catalog.rules.coupons import in_period
from catalog.rules.dated import bounds_in, discount_in
from catalog.rules.spans import Span, edges_of, span_from
from catalog.rules.terms import Discount, Fee
from monetization.values.errors import NotFound
from monetization.values.periods import DAY, Period, local_date, local_midnight

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
    composites: tuple[agreed.Composite, ...]
    served: tuple[int, int]
    full_period: Period
    allowed: Mapping[str, Allowed]


def agreed_for(known: Amended, span: Span, period: Period, balances: Mapping[str, Decimal], shelf: Shelf) -> Agreed:
    """Give all that is agreed beside the rate card, for one billing period of a contract of the shelf, as amended."""
    contract = known.contract
    zone = contract.account.time_zone
    if span.first < first_paid(contract):
        return _trial(contract, span)
    bounds, reduced = known.held(contract.bounds.all()), known.held(contract.discounts.all())
    fees = tuple(fees_of(known, span, [day for row in reduced for day in edges_of(known.days("discount", row))]))
    return Agreed(
        fees=fees,
        discounts=tuple(_discounts(known, period, reduced, span, _extent(span, fees, zone))),
        minimums=_bounds(known, bounds, AgreedBound.Kind.MINIMUM, span),
        maximums=_bounds(known, bounds, AgreedBound.Kind.MAXIMUM, span),
        instruments=tuple(
            instrument_terms(each, balances, zone) for each in known.held(instruments_serving(contract, period, shelf))
        ),
        composites=tuple(composites_in(known, span)),
        served=span.served,
        full_period=span.full(zone),
        allowed=allowed_in(known, span),
    )


def _trial(contract: Contract, span: Span) -> Agreed:
    """Take everything off: a trial shows what was used and what it would cost, and nothing else is due in it."""
    last = first_paid(contract) - DAY
    free = Discount(HUNDRED, TRIAL, f"Free trial until {last:%-d %B %Y}", starts_on=contract.start_date)
    return Agreed((), (free,), (), (), (), (), span.served, span.full(contract.account.time_zone), {})


def span_of(known: Amended, period: Period) -> Span:
    """Give the full period that a billing period of the contract belongs to, by local dates."""
    cycle = replace(cycle_of(known.contract), end_date=known.last_date)
    first = local_date(period.starts_at, cycle.zone)
    if cycle.end_date is not None and first > cycle.end_date:
        raise NotFound("The contract doesn't cover this time", field="period", fix="Choose an earlier day")
    return span_from(cycle, first)


def _extent(span: Span, fees: Iterable[Fee], zone: str) -> Period:
    """Give the time that the lines of a bill are about: fees may reach beyond its period."""
    periods = [span.period(zone), *(fee.period for fee in fees)]
    ends = [each.ends_at for each in periods if each.ends_at is not None]
    return Period(min(each.starts_at for each in periods), max(ends))


def _discounts(
    known: Amended, period: Period, reduced: Iterable[AgreedDiscount], span: Span, extent: Period
) -> Iterable[Discount]:
    contract = known.contract
    percent: Decimal = contract.discount_percent
    if percent:
        yield Discount(percent, contract.key, "Contract discount")
    zone = contract.account.time_zone
    for row in reduced:
        made = _in_period(row, known, period)
        found = discount_in(made, known.days("discount", row), span, extent, zone) if made is not None else None
        if found is not None:
            yield found


def _in_period(row: AgreedDiscount, known: Amended, period: Period) -> Discount | None:
    """Give a discount where it stands; of one that carries its rest, what all its periods gave so far."""
    contract = known.contract
    made = _discount(row, contract)
    if row.periods is None and not row.carry_rest:
        return made
    cycle = cycle_of(contract)
    start = max(known.since(row) or contract.start_date, first_paid(contract))  # the trial is none of its periods
    first, number = cycle.containing(local_midnight(start, cycle.zone)), cycle.containing(period.starts_at)
    if first is None or number is None or number[0] < first[0]:
        return None
    return in_period(made, number[0] - first[0], row.periods, carries=row.carry_rest)


def _discount(row: AgreedDiscount, contract: Contract) -> Discount:
    return Discount(
        row.percent or ZERO, f"discount:{row.key}", row.name, scope_of(row), row.amount or ZERO,
        starts_on=row.start_date or contract.start_date, counts_for_minimum=row.counts_for_minimum,
    )  # fmt: skip


def _bounds(known: Amended, rows: Iterable[AgreedBound], kind: str, span: Span) -> tuple[agreed.Bound, ...]:
    mine = (row for row in rows if row.kind == kind)
    dated = ((agreed.Bound(row.amount, scope_of(row), prorates=row.prorates), known.days("bound", row)) for row in mine)
    return tuple(bounds_in(dated, span, known.contract.account.time_zone))
