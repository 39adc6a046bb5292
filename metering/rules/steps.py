"""How a quantity comes about, step by step: what is aggregated, divided, rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from catalog.rules.meaning import AGAIN, KINDS, numeral, rounded
from catalog.rules.terms import Dims, MetricTerms, Window
from metering.rules.aggregate import Event, usage
from metering.rules.quantities import converted
from metering.rules.states import State, total
from monetization.values.periods import Period


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, and what it gave."""

    words: str
    value: Fraction


Steps = tuple[Step, ...]


def steps_of(
    metric: MetricTerms, events: Sequence[Event], period: Period, zone: str
) -> Iterator[tuple[Dims | None, Steps]]:
    """Give the steps for each set of dimension values, then (None) for all together where there are several.

    `events` are one account's, earlier ones too where the metric starts from what they left.
    """
    found = usage(metric, events, [period], zone)
    rows, length = [(dims, found[0, dims]) for _, dims in sorted(found)], (period.ends_at or period.starts_at)
    for row in rows:
        yield row[0], _steps(metric, [row], length - period.starts_at)
    if len(rows) > 1:
        yield None, _steps(metric, rows, length - period.starts_at)


def _steps(metric: MetricTerms, rows: Sequence[tuple[Dims, State]], length: timedelta) -> Steps:
    steps = [Step(_words(metric), total(metric, rows, length))]
    if metric.divisor != 1:
        steps.append(Step(f"÷ {numeral(metric.divisor)}", steps[-1].value / Fraction(metric.divisor)))
    if metric.rounding is not None:
        steps.append(Step(rounded(metric), converted(metric, steps[0].value)))
    assert steps[-1].value == converted(metric, steps[0].value)
    return tuple(steps)


def _words(metric: MetricTerms) -> str:
    said = KINDS[metric.aggregation].capitalize()
    if metric.window and metric.again:
        window = "hour" if metric.window is Window.HOUR else "day"
        said = f"{said} of each {window}; {AGAIN[metric.again].format(window=window)}"
    return f"{said}, for each {' and '.join(metric.per)} apart" if metric.per else said
