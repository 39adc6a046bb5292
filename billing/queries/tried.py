"""What a customer can try on the terms of now: a quantity for each priced set of dimension values, as last used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.queries.quotes import Used, last_closed, on_own_terms
from billing.rules.quotes.quote import Quoted
from catalog.models import Contract
from catalog.queries import cycle_of, terms_for
from catalog.rules.spans import Span, span_from
from catalog.rules.terms import Charge, Dims, Terms
from metering.queries import usage_for
from monetization.values.money import EXACT, finite, round_half_away
from monetization.values.periods import Period, local_date

MOST_TRIED = 1000
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tried:
    """Something to try: ``used`` of it last, in priced units; ``key`` names its input."""

    charge: str
    name: str
    unit: str
    dims: Dims
    divisor: Decimal
    used: Decimal

    @property
    def key(self) -> str:
        """What tells it from others in an address."""
        return "|".join([self.charge, *(value for _, value in self.dims)])

    def quantity(self, units: Decimal) -> Used:
        """Say a quantity in priced units as events would carry it."""
        return Used(self.charge, self.dims, EXACT.multiply(units, self.divisor))


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be tried on the terms of a period; ``left_out``: products whose use doesn't add up."""

    contract: Contract
    span: Span
    last: Period
    rows: tuple[Tried, ...]
    left_out: tuple[str, ...]


def choices(contract: Contract, at: datetime) -> Choice | None:
    """List what can be tried in the running period; None where the contract doesn't run."""
    cycle = cycle_of(contract)
    found = cycle.containing(at)
    if found is None:
        return None
    zone = contract.account.time_zone
    span = span_from(cycle, local_date(found[1].starts_at, zone))
    terms = terms_for(contract=contract, period=span.period(zone))
    last = last_closed(contract, at).period(zone)
    charges = terms.segments[-1].charges if terms.segments else ()
    used = _used(contract, terms_for(contract=contract, period=last))
    rows = [row for charge in charges if charge.metric.adds_up for row in rows_of(charge, used)]
    left_out = tuple(charge.name for charge in charges if not charge.metric.adds_up)
    rows.sort(key=lambda row: (-row.used, row.name, row.key))
    return Choice(contract, span, last, tuple(rows[:MOST_TRIED]), left_out)


def tried(choice: Choice, units: Mapping[str, Decimal]) -> Quoted:
    """Rate what somebody tries, on the terms of the running period. Raises Invalid."""
    said = [row.quantity(units.get(row.key, row.used)) for row in choice.rows]
    return on_own_terms(choice.contract, choice.span, [each for each in said if each.quantity])


def _used(contract: Contract, terms: Terms) -> dict[tuple[str, Dims], Decimal]:
    """Add up what was used in a period, unconverted, by charge and dimension values."""
    slots = {charge.metric.version_id: charge for each in terms.segments for charge in each.charges}
    found: dict[tuple[str, Dims], Decimal] = {}
    for row in usage_for(account_id=contract.account_id, segments=terms.segments):
        key = (slots[row.metric_version_id].slot, row.dims)
        found[key] = EXACT.add(found.get(key, ZERO), row.quantity)
    return found


def rows_of(charge: Charge, used: Mapping[tuple[str, Dims], Decimal]) -> Iterator[Tried]:
    """List what was used of a charge, and what its rows price by all values and wasn't."""
    order = charge.metric.order
    mine = {dims: quantity for (slot, dims), quantity in used.items() if slot == charge.slot}
    exacts = (dict(row.match) for row in charge.prices if len(row.match) == len(order))
    literal = (tuple((key, values[key]) for key in order) for values in exacts)
    for dims in dict.fromkeys([*mine, *literal]):
        units = Fraction(mine.get(dims, ZERO)) / Fraction(charge.metric.divisor)
        exact = finite(units)
        shown = exact if exact is not None else round_half_away(units, 6)
        yield Tried(charge.slot, charge.name, charge.metric.unit, dims, charge.metric.divisor, shown)
