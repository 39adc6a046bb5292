"""Counters: at which position of its price table a segment's usage starts, and at which it ends.

The counter of a price row is all usage of the period so far, of the product's metric, that the row
selects under the precedence now in force. A segment's quantity is Q(period start → segment end) −
Q(period start → segment start), where Q is the converted and rounded sum; its cost is
price(position after) − price(position before). So cuts telescope: a cut that changes no terms
changes nothing, and a new price is entered at the running position.

Usage counted under an earlier version of the metric is converted as that version says. What doesn't add up (a
maximum, distinct values) is merged as `metering.rules.states` says, and becomes a number only for each Q.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from catalog.rules.charges import Part, parts
from catalog.rules.precedence import PriceTable
from catalog.rules.terms import Charge, Dims, MetricTerms, Price, Segment, Terms
from metering.rules.quantities import UsageRow, converted
from metering.rules.states import State, merged, total
from monetization.values.periods import Period

NOTHING = Fraction(0)
Places = dict[tuple[int, int], list[UsageRow]]  # (segment, metric version) → rows
Sums = dict[tuple[int, Dims], State]  # (metric version, dimension values) → what it comes to so far
Found = list[tuple[Dims, State]]


@dataclass(slots=True)
class Stretch:
    """Consecutive segments in which a charge has the same price: one line in the making."""

    charge: Charge
    period: Period
    prices: list[Price]
    measured: Fraction = NOTHING
    quantity: Fraction = NOTHING
    usage: list[UsageRow] = field(default_factory=list)
    costs: dict[int, Part] = field(default_factory=dict)

    def add(self, selected: Selected, cost: tuple[Part, ...]) -> None:
        """Take in what one segment adds."""
        self.measured += selected.measured
        self.quantity += selected.quantity
        self.usage += selected.rows
        for part in cost:
            known = self.costs.get(part.tier)
            self.costs[part.tier] = _joined(known, part) if known else part

    def parts(self) -> tuple[Part, ...]:
        """Give the cost tier by tier; what was added and given back inside the stretch is gone."""
        ordered = (self.costs[tier] for tier in sorted(self.costs))
        return tuple(part for part in ordered if part.quantity or part.flat_fee)


@dataclass(frozen=True, slots=True)
class Selected:
    """The usage that one row selects in one segment, and the position at which it starts."""

    rows: tuple[UsageRow, ...]
    measured: Fraction
    before: Fraction
    quantity: Fraction


class Counter:
    """One product's use of one metric through the segments of a period."""

    def __init__(self, segments: Sequence[Segment], product: str, metric: str) -> None:
        self._segments = segments
        found = [_charge_of(segment, product, metric) for segment in segments]
        self._charges = {number: charge for number, charge in enumerate(found) if charge}
        self._tables = _tables(self._charges)
        self._metrics = {charge.metric.version_id: charge.metric for charge in self._charges.values()}
        end = segments[-1].period.ends_at
        self._length = end - segments[0].period.starts_at if end else timedelta()
        self._opened: set[Dims] = set()

    def stretches(self, usage: Places) -> list[Stretch]:
        """Walk the segments in order; each price used, or due unused, adds to its stretch."""
        found: dict[tuple[int, Dims, int], Stretch] = {}
        before = Sums()
        self._opened.clear()
        for number, charge in self._charges.items():
            inside = usage.get((number, charge.metric.version_id), [])
            for price, selected in self._selections(number, before, inside):
                first = self._first(number, price)
                key = (first, _conditions(price), charge.metric.version_id)
                if key not in found:
                    found[key] = self._stretch(first, price)
                found[key].add(selected, self._cost(charge, price, selected))
            _add(before, inside, charge.metric)
        return list(found.values())

    def _selections(self, number: int, before: Sums, inside: Sequence[UsageRow]) -> Iterator[tuple[Price, Selected]]:
        charge, table = self._charges[number], self._tables[number]
        now: dict[int, list[UsageRow]] = {}
        prices = {price.row_id: price for price in charge.prices} if charge.flat_at_zero else {}
        for row in inside:
            price = table.choose(row.dims)
            if price is not None:
                prices.setdefault(price.row_id, price)
                now.setdefault(price.row_id, []).append(row)
        earlier = _earlier(table, before) if prices else {}
        for row_id, price in prices.items():
            yield price, self._selected(charge.metric, earlier.get(row_id, {}), now.get(row_id, []))

    def _selected(self, metric: MetricTerms, earlier: dict[int, Found], mine: list[UsageRow]) -> Selected:
        """Convert under each version of the metric what was counted under it."""
        rows = {version: list(found) for version, found in earlier.items()}
        same = rows.pop(metric.version_id, [])
        sums = {version: total(self._metrics[version], found, self._length) for version, found in rows.items()}
        others = (converted(self._metrics[version], each) for version, each in sums.items())
        before = total(metric, same, self._length)
        after = total(metric, [*same, *((row.dims, row.content) for row in mine)], self._length)
        start = converted(metric, before)
        return Selected(tuple(mine), after - before, sum(others, start), converted(metric, after) - start)

    def _cost(self, charge: Charge, price: Price, selected: Selected) -> tuple[Part, ...]:
        after = selected.before + selected.quantity
        match = _conditions(price)
        opens = charge.flat_at_zero and selected.before == 0 and match not in self._opened
        if charge.flat_at_zero:
            self._opened.add(match)
        return parts(price, None if opens else selected.before, after, at_zero=charge.flat_at_zero)

    def _first(self, number: int, price: Price) -> int:
        """Find the segment from which this price has been in force without a break."""
        while self._same(number - 1, number, price):
            number -= 1
        return number

    def _same(self, other: int, number: int, price: Price) -> bool:
        """Say whether segment ``other`` has this charge with a row of the same content."""
        charge = self._charges.get(other)
        if charge is None or _settings(charge) != _settings(self._charges[number]):
            return False
        row = self._tables[other].row(price.match)
        return row is price or (row is not None and row.model is price.model and row.tiers == price.tiers)

    def _stretch(self, first: int, price: Price) -> Stretch:
        last, prices = first, [self._row(first, price)]
        while self._same(last + 1, first, price):
            last += 1
            row = self._row(last, price)
            prices += [row] if row.row_id != prices[-1].row_id else []
        period = Period(self._segments[first].period.starts_at, self._segments[last].period.ends_at)
        return Stretch(self._charges[first], period, prices)

    def _row(self, number: int, price: Price) -> Price:
        return self._tables[number].row(price.match) or price


def counters(terms: Terms) -> list[Counter]:
    """Make a counter for each product and metric that the terms name."""
    slots = {(c.product, c.metric.metric) for segment in terms.segments for c in segment.charges}
    return [Counter(terms.segments, product, metric) for product, metric in sorted(slots)]


def _charge_of(segment: Segment, product: str, metric: str) -> Charge | None:
    found = (c for c in segment.charges if c.product == product and c.metric.metric == metric)
    return next(found, None)


def places(rows: Iterable[UsageRow]) -> Places:
    """Sort usage rows by segment and metric version."""
    found: Places = {}
    for row in rows:
        found.setdefault((row.segment, row.metric_version_id), []).append(row)
    return found


def _tables(charges: dict[int, Charge]) -> dict[int, PriceTable]:
    """Prepare each segment's rows for looking up; segments with the very same rows share a table."""
    known: dict[tuple[int, tuple[str, ...]], PriceTable] = {}
    found: dict[int, PriceTable] = {}
    for number, charge in charges.items():
        key = (id(charge.prices), charge.metric.order)
        if key not in known:
            known[key] = PriceTable(charge.prices, charge.metric.order)
        found[number] = known[key]
    return found


def _add(sums: Sums, rows: Iterable[UsageRow], metric: MetricTerms) -> None:
    for row in rows:
        key = (row.metric_version_id, row.dims)
        sums[key] = merged(metric, [sums[key], row.content]) if key in sums else row.content


def _earlier(table: PriceTable, before: Sums) -> dict[int, dict[int, Found]]:
    """List what each row selects of earlier usage, by metric version."""
    found: dict[int, dict[int, Found]] = {}
    for (version, dims), state in before.items():
        price = table.choose(dims)
        if price is not None:
            found.setdefault(price.row_id, {}).setdefault(version, []).append((dims, state))
    return found


def _conditions(price: Price) -> Dims:
    return tuple(sorted(price.match))


def _settings(charge: Charge) -> tuple[object, ...]:
    """What must stay the same, beside the price, for a line to go on."""
    return (
        charge.metric.version_id,
        charge.name,
        charge.tax_category,
        charge.tier_reset,
        charge.flat_at_zero,
    )


def _joined(a: Part, b: Part) -> Part:
    return Part(
        a.tier,
        a.over,
        a.up_to,
        a.quantity + b.quantity,
        a.unit_price,
        a.flat_fee + b.flat_fee,
        a.amount + b.amount,
    )
