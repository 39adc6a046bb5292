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
from decimal import Decimal
from fractions import Fraction

from billing.rules.costs import Cost, Piece, costs, lift
from billing.rules.counters import counters, places
from billing.rules.free import allot, commit_windows
from billing.rules.owned import Purse
from billing.rules.scopes import fits, named
from billing.rules.stretches import Stretch
from catalog.rules.agreed import Discount
from catalog.rules.charges import Part
from catalog.rules.terms import Charge, Dims, MetricTerms, Price, Source, Terms
from metering.rules.quantities import UsageRow, counted
from monetization.values.money import round_once, shares
from monetization.values.periods import Period

NOTHING = Fraction(0)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """What a line costs in one tier: ``exact = quantity × unit_price + flat_fee``, before
    discounts.

    ``share`` is the tier's share of the line's rounded amount; shares sum to it. ``weight``: the share of its period
    for which a recurring charge is due.
    """

    over: Decimal
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Decimal
    exact: Fraction
    share: Decimal = ZERO
    weight: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A charge at one price. ``measured`` is the sum of usage, ``quantity`` the same converted, rounded and less the
    ``free`` units.

    ``list_exact`` is the price before discounts, ``exact`` after them, ``amount`` that rounded once. ``prices`` are the
    rows in force in turn, all of the same content; ``usage`` the rows that it bills; ``pieces`` the list price by time;
    ``spend`` what counts for minimums.
    """

    charge: Charge
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
    free: Fraction = NOTHING
    pieces: tuple[Piece, ...] = ()
    spend: Fraction = NOTHING

    @property
    def product(self) -> str:
        """The product's key."""
        return self.charge.product

    @property
    def name(self) -> str:
        """The product's name."""
        return self.charge.name

    @property
    def tax_category(self) -> str:
        """What is taxed alike."""
        return self.charge.tax_category

    @property
    def metric(self) -> MetricTerms:
        """What was counted."""
        return self.charge.metric

    @property
    def currency(self) -> str:
        """The invoice's currency."""
        return self.charge.currency

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
    found = price(terms, usage)
    return Rating(lines=tuple(map(rounded, discounts(found.lines, terms))), unpriced=found.unpriced)


@dataclass(frozen=True, slots=True)
class Priced:
    """Lines before discounts and rounding; ``missing``: what commitments by window lack, by charge."""

    lines: tuple[RatedLine, ...]
    unpriced: tuple[UsageRow, ...]
    missing: tuple[tuple[Charge, Fraction], ...] = ()


def price(terms: Terms, usage: Sequence[UsageRow]) -> Priced:
    """Price a period's usage, line by line in line order, exactly."""
    metrics = {charge.metric.version_id: charge.metric for each in terms.segments for charge in each.charges}
    rows = counted(usage, len(terms.segments), metrics)
    inside = places(rows)
    stretches = [stretch for counter in counters(terms) for stretch in counter.stretches(inside)]
    stretches.sort(key=lambda stretch: stretch.order)
    lacking = _pools(terms, stretches)
    found = costs(stretches, Purse(terms.instruments, named(terms)))
    lift(stretches, found)
    lines = [line for pair in zip(stretches, found, strict=True) if (line := _line(*pair)) is not None]
    listed = [
        (stretch.charge, cost.listed * Fraction(stretch.charge.rate))
        for stretch, cost in zip(stretches, found, strict=True)
    ]
    priced = {row for stretch in stretches for piece in stretch.slices for row in piece.usage}
    unpriced = tuple(row for row in rows if row.quantity and row not in priced)
    winners = _dearest(listed, terms)
    kept = tuple(line for line in lines if winners.get(line.charge.highest_of, line.charge.slot) == line.charge.slot)
    billed = {line.charge.slot for line in kept}
    missing = tuple(each for each in lacking if not each[0].highest_of or each[0].slot in billed)
    return Priced(kept, unpriced, missing)


def _pools(terms: Terms, stretches: Sequence[Stretch]) -> tuple[tuple[Charge, Fraction], ...]:
    """Take free units and commitments by window out of each charge; list what is missing in the latter."""
    by_charge: dict[str, list[Stretch]] = {}
    for stretch in stretches:
        by_charge.setdefault(stretch.charge.slot, []).append(stretch)
    charges = {charge.slot: charge for segment in terms.segments for charge in segment.charges}
    missing = []
    for slot, charge in charges.items():
        mine = by_charge.get(slot, [])
        if charge.free_units:
            allot(mine, Fraction(charge.free_units) * Fraction(*terms.served))
        if charge.windowed is not None:
            missing.append((charge, commit_windows(mine, charge.windowed, charge.prices[0], terms.period, terms.zone)))
    return tuple(missing)


def _dearest(listed: Iterable[tuple[Charge, Fraction]], terms: Terms) -> dict[str, str]:
    """Of charges that are billed by the highest of several metrics, find the dearest; the earlier on a tie.

    One that wasn't used costs nothing, which is more than one that gives back.
    """
    sums: dict[str, dict[str, Fraction]] = {}
    unused = ((charge, NOTHING) for segment in terms.segments for charge in segment.charges)
    for charge, exact in sorted((*unused, *listed), key=lambda pair: pair[0].metric.version_id):
        if charge.highest_of:
            group = sums.setdefault(charge.highest_of, {})
            group[charge.slot] = group.get(charge.slot, NOTHING) + exact
    return {group: max(found, key=lambda slot: found[slot]) for group, found in sums.items()}


def discounts(lines: Iterable[RatedLine], terms: Terms) -> list[RatedLine]:
    """Take the percentage discounts off the exact amounts, one after the other (compounding).

    What a commit covers at a price of its own is not touched.
    """
    return [_discounted(line, terms) for line in lines]


def rounded(line: RatedLine) -> RatedLine:
    """Round the line once, half away from zero, and share the rounded amount among its steps."""
    return with_amount(line, round_once(line.exact, line.currency))


def with_amount(line: RatedLine, amount: Decimal) -> RatedLine:
    """Give the line its rounded amount, shared among its steps by largest remainder."""
    left = line.exact / line.list_exact if line.list_exact else Fraction(1)
    weights = [step.exact * Fraction(line.charge.rate) * left for step in line.steps]
    if sum(weights, NOTHING) != line.exact:  # a clamp, or a rest that no step explains
        weights = [NOTHING] * (len(weights) - 1) + [line.exact] if weights else []
    split = shares(amount, weights, line.currency) if weights else []
    steps = tuple(replace(step, share=share) for step, share in zip(line.steps, split, strict=True))
    return replace(line, amount=amount, steps=steps)


def _discounted(line: RatedLine, terms: Terms) -> RatedLine:
    applied = [each for each in terms.discounts if each.percent and _discounts(each, line)]
    own = sum((piece.exact for piece in line.pieces if piece.committed), NOTHING)
    exact = percent_off(line.exact - own, applied) + own
    spend = percent_off(line.exact - own, [each for each in applied if not each.counts_for_minimum]) + own
    return replace(line, exact=exact, spend=spend, discounts=tuple(each.name for each in applied))


def percent_off(exact: Fraction, discounts: Iterable[Discount]) -> Fraction:
    """Take percentages off, one after the other."""
    for discount in discounts:
        exact *= 1 - Fraction(discount.percent) / 100
    return exact


def _discounts(discount: Discount, line: RatedLine) -> bool:
    charge = line.charge
    scope, match = discount.scope, line.match
    return fits(scope, charge=charge.slot, product=charge.product, tags=charge.tags, kind="usage", match=match)


def _line(stretch: Stretch, cost: Cost) -> RatedLine | None:
    """Make the line of a stretch; none where nothing was used and nothing is due."""
    parts = [cost.parts[key] for key in sorted(cost.parts)]
    steps = tuple(_step(part) for part in parts if part.quantity or part.flat_fee or part.amount)
    slices = list(stretch.slices)
    measured = sum((piece.measured for piece in slices), NOTHING)
    quantity = sum((piece.quantity for piece in slices), NOTHING)
    if not (measured or quantity or steps):
        return None
    rate = Fraction(stretch.charge.rate)
    exact = cost.exact * rate
    return RatedLine(
        charge=stretch.charge,
        period=stretch.period,
        prices=tuple(stretch.prices),
        measured=measured,
        quantity=quantity - sum((piece.free for piece in slices), NOTHING),
        list_exact=exact,
        exact=exact,
        amount=ZERO,
        steps=steps,
        usage=tuple(row for piece in slices for row in piece.usage),
        free=sum((piece.free for piece in slices), NOTHING),
        pieces=tuple(replace(piece, exact=piece.exact * rate) for piece in cost.pieces),
    )


def _step(part: Part) -> Step:
    return Step(part.over, part.up_to, part.quantity, part.unit_price, part.flat_fee, part.amount)
