"""Usage on its way to the rating: sums per cut and dimension values, and their conversion to priced
units.

``usage_for`` fills ``UsageRow`` from the tables, tests from ``aggregate.usage``. Conversion and
rounding belong to the metric version and are applied once, to the sum, never to single events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

from catalog.rules.terms import Dims, MetricTerms, Rounding
from catalog.rules.transactions import Transaction
from metering.rules.states import State, merged
from monetization.values.errors import Invalid
from monetization.values.money import EXACT, round_half_away


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Unconverted usage of one metric version in segment ``segment`` (from 0), for one set of
    dimension values. ``transactions`` are its single events, where a price looks at them.
    """

    metric_version_id: int
    segment: int
    dims: Dims
    quantity: Decimal
    events: int = 0
    state: State | None = field(default=None, compare=False)
    transactions: tuple[Transaction, ...] = field(default=(), compare=False)

    @property
    def content(self) -> State:
        """What can be merged with others; a plain quantity is a state that adds up."""
        return self.state or State(self.quantity, self.events)


def counted(
    rows: Iterable[UsageRow], segments: int, metrics: Mapping[int, MetricTerms] | None = None
) -> list[UsageRow]:
    """Merge rows of the same version, segment and dimension values, in a fixed order."""
    sums: dict[tuple[int, int, Dims], UsageRow] = {}
    for row in rows:
        if not 0 <= row.segment < segments:
            raise Invalid(
                f"Usage is in segment {row.segment} of {segments}",
                field="segment",
                fix="Cut it again",
            )
        key = (row.segment, row.metric_version_id, tuple(sorted(row.dims)))
        known = sums.get(key)
        sums[key] = _joined(known, row, (metrics or {}).get(row.metric_version_id)) if known else row
    return [sums[key] for key in sorted(sums)]


def converted(metric: MetricTerms, total: Fraction) -> Fraction:
    """Turn a sum into priced units: × multiplier ÷ divisor, then rounded as the metric says; exact without a
    rounding.
    """
    units = total * _factor(metric.multiplier, metric.divisor)
    if metric.rounding is None:
        return units
    if metric.rounding is Rounding.HALF_UP:
        return Fraction(round_half_away(units, metric.digits))
    scale = Fraction(10) ** metric.digits
    whole = ceil(units * scale) if metric.rounding is Rounding.UP else floor(units * scale)
    return whole / scale


@lru_cache(maxsize=1024)
def _factor(multiplier: Decimal, divisor: Decimal) -> Fraction:
    return Fraction(multiplier) / Fraction(divisor)


def _joined(a: UsageRow, b: UsageRow, metric: MetricTerms | None) -> UsageRow:
    single = a.transactions + b.transactions
    if metric is None or metric.adds_up:
        quantity = EXACT.add(a.quantity, b.quantity)
        return replace(a, quantity=quantity, events=a.events + b.events, state=None, transactions=single)
    state = merged(metric, [a.content, b.content])
    return replace(a, quantity=state.quantity, events=state.events, state=state, transactions=single)
