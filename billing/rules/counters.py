"""Counters: at which position of its price table a segment's usage starts, and at which it ends.

The counter of a price row is all usage of the period so far, of the product's metric, that the row
selects under the precedence now in force; where its tiers don't start again with each period it goes on from
`billing.rules.past`. A segment's quantity is Q(period start → segment end) −
Q(period start → segment start), where Q is the converted and rounded sum; its cost is
price(position after) − price(position before). So cuts telescope: a cut that changes no terms
changes nothing, and a new price is entered at the running position.

Usage counted under an earlier version of the metric is converted as that version says. What doesn't add up (a
maximum, distinct values) is merged as `metering.rules.states` says, and becomes a number only for each Q.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from billing.rules.past import Past, Positions
from billing.rules.selecting import (
    Found,
    Places,
    Priced,
    Selection,
    Sums,
    add_rows,
    by_price,
    earlier_by_price,
    tables_of,
)
from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.terms import Charge, Dims, MetricTerms, Price, Segment, Terms
from metering.rules.quantities import UsageRow, converted
from metering.rules.states import total
from monetization.values.periods import Period

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Selected:
    """The usage that one row selects in one segment, and the position at which it starts."""

    rows: tuple[UsageRow, ...]
    measured: Fraction
    before: Fraction
    quantity: Fraction


class Counter:
    """One product's use of one metric through the segments of a period."""

    def __init__(self, terms: Terms, slot: str, metric: str) -> None:
        self._segments = segments = terms.segments
        found = [_charge_of(segment, slot, metric) for segment in segments]
        self._charges = {number: charge for number, charge in enumerate(found) if charge}
        self._tables = tables_of(self._charges)
        self._metrics = {charge.metric.version_id: charge.metric for charge in self._charges.values()}
        self._past = Past(terms, slot, metric)
        full = terms.full_period or Period(segments[0].period.starts_at, segments[-1].period.ends_at)
        self._length = full.ends_at - full.starts_at if full.ends_at else timedelta()

    def stretches(self, usage: Places) -> list[Stretch]:
        """Walk the segments in order; each price used, or due unused, adds to its stretch."""
        found: dict[tuple[int, Dims, int], Stretch] = {}
        before = Sums()
        whole = self._whole(usage)
        self._past.read(usage)
        for number, charge in self._charges.items():
            inside = usage.get((number, charge.metric.version_id), [])
            stands = self._past.positions(charge, self._tables[number])
            for price, track, selected in self._selections(number, before, inside, whole):
                first = self._first(number, price)
                key = (first, _conditions(price), charge.metric.version_id)
                if key not in found:
                    found[key] = self._stretch(first, price)
                found[key].add(track, self._slice(number, selected, stands, (price.place, track)))
            add_rows(before, inside, charge.metric)
        return list(found.values())

    def _whole(self, usage: Places) -> Sums:
        """Sum up the period where a new price shares its quantity by time."""
        found = Sums()
        for number, charge in self._charges.items():
            if charge.by_time:
                add_rows(found, usage.get((number, charge.metric.version_id), []), charge.metric)
        return found

    def _selections(
        self, number: int, before: Sums, inside: Sequence[UsageRow], whole: Sums
    ) -> Iterator[tuple[Price, Dims, Selected]]:
        charge, table = self._charges[number], self._tables[number]
        prices: Priced = {}
        if charge.flat_at_zero and not charge.tier_by:
            prices = {(price.place, ()): price for price in charge.prices}
        now = by_price(table, charge, ((row.dims, row) for row in inside), prices)
        everything = by_price(table, charge, ((dims, (dims, state)) for (_, dims), state in whole.items()), prices)
        earlier = earlier_by_price(table, charge, before) if prices else {}
        for key, price in prices.items():
            selected = self._selected(charge.metric, earlier.get(key, {}), now.get(key, []))
            if charge.by_time:
                selected = self._shared(number, selected, everything.get(key, []))
            yield price, key[1], selected

    def _shared(self, number: int, selected: Selected, all_of_it: Found) -> Selected:
        """Share the whole period's quantity by the time that this segment takes of it."""
        charge, segment = self._charges[number], self._segments[number]
        measured = total(charge.metric, all_of_it, self._length)
        quantity = converted(charge.metric, measured)
        start, end = self._segments[0].period.starts_at, segment.period.ends_at
        assert end is not None
        whole = self._segments[-1].period.ends_at
        assert whole is not None
        passed = Fraction((segment.period.starts_at - start) // MICROSECOND, (whole - start) // MICROSECOND)
        here = Fraction((end - segment.period.starts_at) // MICROSECOND, (whole - start) // MICROSECOND)
        return Selected(selected.rows, measured * here, quantity * passed, quantity * here)

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

    def _slice(self, number: int, selected: Selected, stands: Positions | None, key: Selection) -> Slice:
        base = (stands or {}).get(key, NOTHING) + Fraction(self._charges[number].position)
        period, rows = self._segments[number].period, selected.rows
        piece = Slice(number, period, base + selected.before, selected.quantity, selected.measured, rows)
        piece.base, piece.opened = base, stands is not None
        return piece

    def _first(self, number: int, price: Price) -> int:
        """Find the segment from which this price has been in force without a break."""
        while self._same(number - 1, number, price):
            number -= 1
        return number

    def _same(self, other: int, number: int, price: Price) -> bool:
        """Say whether segment ``other`` has this charge with a row of the same content."""
        charge, mine = self._charges.get(other), self._charges[number]
        if charge is mine:
            return True
        if charge is None or _settings(charge) != _settings(mine):
            return False
        row = self._tables[other].row(price)
        return row is price or (row is not None and row.amounts == price.amounts)

    def _stretch(self, first: int, price: Price) -> Stretch:
        last, prices = first, [self._row(first, price)]
        while self._same(last + 1, first, price):
            last += 1
            row = self._row(last, price)
            prices += [row] if row.place != prices[-1].place else []
        period = Period(self._segments[first].period.starts_at, self._segments[last].period.ends_at)
        return Stretch(self._charges[first], period, prices)

    def _row(self, number: int, price: Price) -> Price:
        return self._tables[number].row(price) or price


def counters(terms: Terms) -> list[Counter]:
    """Make a counter for each product and metric that the terms name."""
    slots = {(c.slot, c.metric.metric) for segment in terms.segments for c in segment.charges}
    return [Counter(terms, slot, metric) for slot, metric in sorted(slots)]


def _charge_of(segment: Segment, slot: str, metric: str) -> Charge | None:
    found = (c for c in segment.charges if c.slot == slot and c.metric.metric == metric)
    return next(found, None)


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
        charge.rate,
    )
