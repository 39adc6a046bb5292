"""Where counters stand when a period begins: what each had used up in the time before that it goes on from.

Each earlier billing period is converted by itself, as its own bill did, and leaves out its free units, which moved no
tier. Its usage is sorted by the rows now in force: a position says how many units, not at which prices they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from billing.rules.free import allot
from billing.rules.selecting import Found, Places, Selection, Sums, add_rows, earlier_by_price
from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.precedence import PriceTable
from catalog.rules.terms import Charge, Earlier, MetricTerms, Reset, Terms
from metering.rules.quantities import converted
from metering.rules.states import total
from monetization.values.periods import Period

Positions = Mapping[Selection, Fraction]


@dataclass(slots=True)
class _Turn:
    """An earlier billing period: the charge as it stood at its end, and what was used in it."""

    part: Earlier
    charge: Charge
    sums: Sums = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        whole = self.part.whole
        return whole.ends_at - whole.starts_at if whole.ends_at else timedelta()


class Past:
    """The time before a period of one product's use of one metric, billing period by billing period."""

    def __init__(self, terms: Terms, slot: str, metric: str) -> None:
        self._contract = terms.contract
        self._turns: dict[tuple[str, Period], _Turn] = {}
        self._parts: list[tuple[int, Charge, _Turn]] = []
        for number, part in enumerate(terms.earlier, start=len(terms.segments)):
            mine = (each for each in part.charges if each.slot == slot and each.metric.metric == metric)
            for charge in mine:
                turn = self._turns.setdefault((part.contract, part.whole), _Turn(part, charge))
                turn.charge = charge
                self._parts.append((number, charge, turn))

    @property
    def metrics(self) -> dict[int, MetricTerms]:
        """The versions of the metric that counted in it."""
        return {charge.metric.version_id: charge.metric for _, charge, _ in self._parts}

    def read(self, usage: Places) -> None:
        """Take in what was used."""
        for number, charge, turn in self._parts:
            add_rows(turn.sums, usage.get((number, charge.metric.version_id), []), charge.metric)

    def positions(self, charge: Charge, table: PriceTable) -> Positions | None:
        """Give where counters stand for the rows of a charge, but those at zero; None: they start with the period."""
        turns = [turn for turn in self._turns.values() if self._counts(charge, turn)]
        found: dict[Selection, Fraction] = {}
        metrics = self.metrics
        for turn in turns:
            quantities = {
                selection: _quantity(metrics, rows, turn.length)
                for selection, rows in earlier_by_price(table, charge, turn.sums).items()
            }
            for selection, units in _paid(quantities, charge, turn).items():
                found[selection] = found.get(selection, NOTHING) + units
        return found if turns else None

    def _counts(self, charge: Charge, turn: _Turn) -> bool:
        if charge.tier_reset is Reset.CONTRACT_TERM:
            return turn.part.contract == self._contract
        return charge.tier_reset is Reset.LIFETIME


def _quantity(metrics: Mapping[int, MetricTerms], rows: Mapping[int, Found], length: timedelta) -> Fraction:
    sums = (converted(metrics[version], total(metrics[version], each, length)) for version, each in rows.items())
    return sum(sums, NOTHING)


def _paid(quantities: Mapping[Selection, Fraction], charge: Charge, turn: _Turn) -> Mapping[Selection, Fraction]:
    """Leave out the free units of an earlier period, which lines of the rows now in force take in their order."""
    free = turn.charge.free_in(turn.part.served)
    if not free:
        return quantities
    prices = {price.place: price for price in charge.prices}
    period = turn.part.period
    stretches: dict[tuple[int, int], Stretch] = {}
    for (place, track), quantity in quantities.items():
        stretch = stretches.setdefault(place, Stretch(charge, period, [prices[place]]))
        stretch.add(track, Slice(0, period, NOTHING, quantity, quantity, ()))
    allot(sorted(stretches.values(), key=lambda each: each.order), free)
    return {
        (place, track): piece.moves
        for place, stretch in stretches.items()
        for track, slices in stretch.tracks.items()
        for piece in slices
    }
