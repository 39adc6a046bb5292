"""Rating: usage × terms → lines. No clock, no database, nothing saved; previews and invoices run
this same code.

A **line** is (charge, price row). The rows of two card versions with the same conditions and tiers
are the same price: a cut between them starts no new line, and the line then names both sources. A
different price starts a new line, entered at the running position of its counter.

Positions and cuts are the business of ``billing.rules.counters``. Order of work: price → percentage
discounts, compounding → round once per line. Tax is a call of its own on the rounded lines
(``billing.rules.tax``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.rules.counters import Stretch, counters, places
from catalog.rules.charges import Part
from catalog.rules.terms import Dims, MetricTerms, Price, Source, Terms
from metering.rules.quantities import UsageRow, counted
from monetization.values.money import round_once, shares
from monetization.values.periods import Period

NOTHING = Fraction(0)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """What a line costs in one tier: ``exact = quantity × unit_price + flat_fee``, before
    discounts.

    ``share`` is the tier's share of the line's rounded amount; shares sum to it.
    """

    over: Decimal
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Decimal
    exact: Fraction
    share: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A charge at one price. ``measured`` is the sum of usage, ``quantity`` the same converted and
    rounded.

    ``list_exact`` is the price before discounts, ``exact`` after them, ``amount`` that rounded
    once. ``prices`` are the rows in force in turn, all of the same content; ``usage`` the rows that
    it bills.
    """

    product: str
    name: str
    tax_category: str
    metric: MetricTerms
    currency: str
    period: Period
    prices: tuple[Price, ...]
    measured: Fraction
    quantity: Fraction
    list_exact: Fraction
    exact: Fraction
    amount: Decimal
    steps: tuple[Step, ...]
    usage: tuple[UsageRow, ...]
    discounts: tuple[str, ...] = ()

    @property
    def price(self) -> Price:
        """The row first in force on this line."""
        return self.prices[0]

    @property
    def source(self) -> Source:
        """Where that row stands."""
        return self.price.source

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where each of the line's rows stands, in the order of their time."""
        return tuple(price.source for price in self.prices)

    @property
    def match(self) -> Dims:
        """The dimension values that the row names."""
        return self.price.match

    @property
    def unit(self) -> str:
        """What one unit of ``quantity`` is."""
        return self.metric.unit

    @property
    def events(self) -> int:
        """How many events the line was counted from."""
        return sum(row.events for row in self.usage)


@dataclass(frozen=True, slots=True)
class Rating:
    """Lines in the order in which they are printed, and the usage that no row prices (it blocks
    approval).
    """

    lines: tuple[RatedLine, ...]
    unpriced: tuple[UsageRow, ...]


def rate(terms: Terms, usage: Sequence[UsageRow]) -> Rating:
    """Price a period's usage: lines with their steps and sources, rounded once each."""
    metrics = {charge.metric.version_id: charge.metric for each in terms.segments for charge in each.charges}
    rows = counted(usage, len(terms.segments), metrics)
    inside = places(rows)
    stretches = [stretch for counter in counters(terms) for stretch in counter.stretches(inside)]
    lines = discounts(filter(None, map(_line, stretches)), terms)
    priced = {row for stretch in stretches for row in stretch.usage}
    return Rating(
        lines=tuple(map(rounded, sorted(lines, key=_line_order))),
        unpriced=tuple(row for row in rows if row.quantity and row not in priced),
    )


def discounts(lines: Iterable[RatedLine], terms: Terms) -> list[RatedLine]:
    """Take the percentage discounts off the exact amounts, one after the other (compounding)."""
    return [_discounted(line, terms) for line in lines]


def rounded(line: RatedLine) -> RatedLine:
    """Round the line once, half away from zero, and share the rounded amount among its steps."""
    amount = round_once(line.exact, line.currency)
    left = line.exact / line.list_exact if line.list_exact else Fraction(1)
    split = shares(amount, [step.exact * left for step in line.steps], line.currency)
    steps = tuple(replace(step, share=share) for step, share in zip(line.steps, split, strict=True))
    return replace(line, amount=amount, steps=steps)


def _discounted(line: RatedLine, terms: Terms) -> RatedLine:
    applied = [each for each in terms.discounts if each.percent and each.applies(line.product)]
    exact = line.exact
    for discount in applied:
        exact *= 1 - Fraction(discount.percent) / 100
    return replace(line, exact=exact, discounts=tuple(each.name for each in applied))


def _line_order(line: RatedLine) -> tuple[datetime, Decimal, str, str, Dims]:
    """Earlier first, then the higher list price of the first unit, then by name."""
    first_unit = line.price.tiers[0].unit_price
    return line.period.starts_at, -first_unit, line.name, line.product, tuple(sorted(line.match))


def _line(stretch: Stretch) -> RatedLine | None:
    """Make the line of a stretch; none where nothing was used and nothing is due."""
    steps = tuple(_step(part) for part in stretch.parts())
    exact = sum((step.exact for step in steps), NOTHING)
    if not (stretch.measured or stretch.quantity or steps):
        return None
    return RatedLine(
        product=stretch.charge.product,
        name=stretch.charge.name,
        tax_category=stretch.charge.tax_category,
        metric=stretch.charge.metric,
        currency=stretch.charge.currency,
        period=stretch.period,
        prices=tuple(stretch.prices),
        measured=stretch.measured,
        quantity=stretch.quantity,
        list_exact=exact,
        exact=exact,
        amount=ZERO,
        steps=steps,
        usage=tuple(stretch.usage),
    )


def _step(part: Part) -> Step:
    return Step(part.over, part.up_to, part.quantity, part.unit_price, part.flat_fee, part.amount)
