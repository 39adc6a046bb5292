"""Everything for which publishing a metric version is refused, each with its field and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from catalog.rules.terms import MetricTerms
from monetization.values.errors import DomainError, Invalid


def metric_errors(metric: MetricTerms) -> list[DomainError]:
    """List what is wrong with a metric version: nothing to read, doubled keys, thresholds out of
    order.
    """
    return [*_measure_errors(metric), *_dimension_errors(metric)]


def _measure_errors(metric: MetricTerms) -> Iterator[DomainError]:
    fields = [measure.field for measure in metric.measures]
    if metric.aggregation == "SUM" and (not fields or not all(fields)):
        yield Invalid("A sum needs a field to add up", field="measures", fix="Name a field of the event")
    values = [measure.value for measure in metric.measures]
    if metric.measure_dimension and not all(values):
        yield Invalid(
            "Each measure needs its value",
            field="measures",
            fix=f"Name the {metric.measure_dimension}",
        )
    if not metric.measure_dimension and len(values) > 1:
        fix = "Name the dimension that tells them apart"
        yield Invalid("Several measures need a dimension", field="measure_dimension", fix=fix)
    if len(set(values)) < len(values):
        yield Invalid("Two measures have the same value", field="measures", fix="Give each its own")
    if metric.divisor <= 0:
        yield Invalid("The divisor must be above zero", field="divisor", fix="Use 1 for no conversion")


def _dimension_errors(metric: MetricTerms) -> Iterator[DomainError]:
    if len(set(metric.order)) < len(metric.order):
        yield Invalid("Two dimensions have the same key", field="dimensions", fix="Give each its own")
    for index, dimension in enumerate(metric.dimensions):
        bounds = dimension.thresholds
        if any(high <= low for low, high in pairwise(bounds)):
            field = f"dimensions[{index}].thresholds"
            yield Invalid("Thresholds must rise", field=field, fix="Put the smallest first, each once")
