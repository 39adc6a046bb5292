"""What a version of a metric counts, and how what it counts becomes a quantity: frozen values, no behaviour.

Dimension values travel as pairs ``(("model", "gpt-4o"), ("token_type", "input"))`` in the metric's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.rules.aggregations import Again, Aggregation, FilterOp, Rounding, Window
from catalog.rules.agreed import Dims
from catalog.rules.thresholds import labels

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension read from an event field, as it stands or, with thresholds, as the label of its
    range.

    Thresholds are upper-inclusive bounds in rising order: with 200000 the values are ``≤200000``
    and ``>200000``. An event without the field is quarantined, unless the dimension is not
    ``required`` (value ``""`` then).
    """

    key: str
    field: str
    thresholds: tuple[Decimal, ...] = ()
    required: bool = True

    @property
    def labels(self) -> tuple[str, ...]:
        """The values that a thresholds dimension can take; empty where the field's own text is the
        value.
        """
        return labels(self.thresholds)


@dataclass(frozen=True, slots=True)
class Measure:
    """A field to add up, as one ``value`` of the metric's measure dimension; ``less`` fields are
    taken off.

    Fields in ``less`` that an event lacks count as 0.
    """

    field: str
    value: str | None = None
    less: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on an event field; comparisons take one decimal text in ``values``."""

    field: str
    op: FilterOp
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricTerms:
    """A version of a metric: which events count, what is read from them, and how the sum becomes a
    quantity.

    ``quantity = round(sum × multiplier / divisor)`` with ``rounding`` to ``digits`` (may be negative), None =
    exact. ``carry``: LATEST starts from the value that earlier events left. ``of_level``: events of
    TIME_WEIGHTED carry readings of the level, not changes of it. ``per``: aggregate each value of
    these dimensions first and add. ``window`` and ``again``: aggregate each window, then those.
    """

    metric: str
    version_id: int
    number: int
    event_type: str
    aggregation: Aggregation
    measures: tuple[Measure, ...] = ()
    measure_dimension: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[Filter, ...] = ()
    unit: str = ""
    divisor: Decimal = ONE
    multiplier: Decimal = ONE
    rounding: Rounding | None = None
    digits: int = 0
    carry: bool = False
    of_level: bool = False
    per: tuple[str, ...] = ()
    window: Window | None = None
    again: Again | None = None

    @property
    def adds_up(self) -> bool:
        """Say whether its quantities of separate spans and dimension values may simply be added."""
        return self.aggregation.adds_up and self.window is None

    @property
    def order(self) -> tuple[str, ...]:
        """Dimension keys in the metric's order; the measure dimension comes last."""
        keys = tuple(dimension.key for dimension in self.dimensions)
        return (*keys, self.measure_dimension) if self.measure_dimension else keys


def dims_of(values: Mapping[str, str], order: Sequence[str]) -> Dims:
    """Put stored dimension values into the metric's order; keys that the order lacks follow by
    name.
    """
    known = [key for key in order if key in values]
    others = sorted(set(values) - set(known))
    return tuple((key, values[key]) for key in (*known, *others))
