"""What a metric version may say and not everybody expects of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.rules.terms import Again, Aggregation, MetricTerms, Rounding

WHOLE = frozenset({Aggregation.LATEST, Aggregation.MAX, Aggregation.MIN, Aggregation.AVERAGE})


@dataclass(frozen=True, slots=True)
class Surprise:
    """What is allowed and not what everybody expects."""

    field: str
    message: str


def metric_surprises(metric: MetricTerms) -> list[Surprise]:
    """List what somebody should know before publishing."""
    return [Surprise(field, message) for holds, field, message in _surprises(metric) if holds]


def _surprises(metric: MetricTerms) -> Iterator[tuple[bool, str, str]]:
    kind, plainly = metric.aggregation, metric.window is None
    yield (
        kind in WHOLE and plainly, "aggregation",
        "A price that changes inside a period takes effect at the next one: this value belongs to the whole period.",
    )  # fmt: skip
    yield (
        kind is Aggregation.UNIQUE and plainly, "aggregation",
        "Days don't add up to the month: what is seen on two days counts once in the month.",
    )  # fmt: skip
    yield (
        kind is Aggregation.LATEST and not metric.carry, "carry",
        "A period without an event counts nothing, even if the value is still in force.",
    )  # fmt: skip
    yield (
        kind is Aggregation.TIME_WEIGHTED and not metric.of_level, "of_level",
        "Events carry changes of the level, so one that was never sent shifts every later level.",
    )  # fmt: skip
    yield (
        bool(metric.per) and metric.adds_up, "per",
        "A sum is the same whether its parts are added first or not, so “apart for each” changes nothing.",
    )  # fmt: skip
    yield (
        kind in (Aggregation.SUM, Aggregation.COUNT) and metric.again is Again.SUM, "again",
        "A sum of windows is the sum of the period, so the window changes nothing.",
    )  # fmt: skip
    yield (
        metric.rounding is Rounding.UP and metric.digits < 0, "digits",
        "Rounding up to tens or hundreds also bills them for a single unit.",
    )  # fmt: skip
