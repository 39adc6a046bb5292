"""The members of metrics in a catalog file; what isn't named here is refused."""

from __future__ import annotations

from decimal import Decimal

from catalog.rules.listings.members import Instant, Members, Thing
from catalog.rules.terms import Again, Aggregation, FilterOp, Rounding, Window


class MeasureMembers(Members, frozen=True):
    """A field that a metric reads."""

    field: str
    value: str | None = None
    less: list[str] = []


class DimensionMembers(Members, frozen=True):
    """A dimension."""

    key: str
    field: str
    thresholds: list[Decimal] = []
    required: bool = True


class FilterMembers(Members, frozen=True):
    """A condition on a field."""

    field: str
    op: FilterOp
    values: list[str] = []


class MeaningMembers(Members, frozen=True):
    """How a metric reads events."""

    event_type: str
    aggregation: Aggregation
    unit: str
    effective_at: Instant
    measures: list[MeasureMembers] = []
    measure_dimension: str = ""
    dimensions: list[DimensionMembers] = []
    filters: list[FilterMembers] = []
    divisor: Decimal = Decimal(1)
    rounding: Rounding | None = None
    digits: int = 0
    carry: bool = False
    of_level: bool = False
    per: list[str] = []
    window: Window | None = None
    again: Again | None = None


class MetricMembers(Thing, frozen=True):
    """A metric."""

    unseen_reason: str = ""
    meaning: MeaningMembers | None = None
