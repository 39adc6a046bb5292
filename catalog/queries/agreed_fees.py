"""Recurring and one-time charges of a contract, as fees of a billing period.

A charge that is billed with the contract's periods is billed for the days on which it stands. One of a longer cadence
may have been billed before an amendment changes it: then the period in which that takes effect bills the difference.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from catalog.models import OneTimeCharge, RecurringCharge
from catalog.queries.amended import Amended
from catalog.queries.contracts import cycle_of, first_paid
from catalog.queries.overrides import source_of
from catalog.rules.agreed import Timing
from catalog.rules.fees import Change, FeeTerms, one_time_fee, owed_fee, recurring_fee
from catalog.rules.owed import Stood, owed
from catalog.rules.spans import Span, billed_with
from catalog.rules.terms import Fee, Source
from monetization.values.periods import Cadence


def fees_of(known: Amended, span: Span, cuts: Sequence[date] = ()) -> Iterable[Fee]:
    """List the fees that a billing period bills; ``cuts``: days on which what lowers them changes."""
    contract = known.contract
    zone, currency = contract.account.time_zone, contract.currency
    bill = _Bill(known, known.known(span.first), span, tuple(cuts))
    for charge in known.held(contract.recurring_charges.all()):
        yield from bill.fees(charge)
    for once in known.held(contract.one_time_charges.all()):
        day: date = once.date or first_paid(contract)
        last = known.ends_on("one_time", once.key)
        if span.first <= day < span.until and (last is None or day <= last):
            yield one_time_fee(_fee(once, "one_time", known), day, currency=currency, zone=zone)


@dataclass(frozen=True, slots=True)
class _Bill:
    """A billing period: the contract as it is known by its end, and as it was known when it began."""

    now: Amended
    before: Amended
    span: Span
    cuts: tuple[date, ...]

    def fees(self, charge: RecurringCharge) -> Iterator[Fee]:
        """Yield the fees of one recurring charge."""
        contract, timing = self.now.contract, Timing(charge.timing.lower())
        shared: dict[str, Any] = {"timing": timing, "currency": contract.currency, "zone": contract.account.time_zone}
        fee, stood = _fee(charge, "recurring", self.now), _stood(charge, self.now)
        cadence = Cadence(charge.cadence) if charge.cadence else stood.cycle.cadence
        if cadence is stood.cycle.cadence or self.now == self.before:
            for each in billed_with(stood.cycle, cadence, timing, self.span, stood.days):
                yield recurring_fee(fee, stood.changes, each, cuts=self.cuts, **shared)
            return
        before = _stood(charge, self.before) if self.before.holds(charge) else None
        for due in owed(before, stood, cadence, timing, self.span, self.cuts):
            yield owed_fee(fee, due, **shared)


def _stood(charge: RecurringCharge, known: Amended) -> Stood:
    cycle = replace(cycle_of(known.contract), end_date=known.last_date)
    changes: tuple[Change, ...] = tuple(
        (known.first_of(each.amendment_id, each.start_date), each.quantity) for each in known.held(charge.changes.all())
    )
    return Stood(cycle, known.days("recurring", charge), charge.quantity, changes)


def _fee(charge: RecurringCharge | OneTimeCharge, kind: str, known: Amended) -> FeeTerms:
    product = charge.product
    return FeeTerms(
        row_id=charge.pk, key=f"{kind}:{charge.key}", product=product.key, name=charge.name,
        tax_category=product.tax_category, tags=frozenset(product.tags), unit_price=charge.unit_price,
        quantity=charge.quantity, source=_source(charge, known),
    )  # fmt: skip


def _source(charge: RecurringCharge | OneTimeCharge, known: Amended) -> Source:
    """A fee's price stands in the contract itself, or in the amendment that agreed it."""
    return source_of(known.contract, known.agreeing(charge))
