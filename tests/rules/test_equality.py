"""Every aggregation's pure rule says what its definition says: random events, filters, dimensions, cuts and zones."""

import os
from datetime import timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.rules.terms import MetricTerms
from metering.rules import aggregate, states
from monetization.values.periods import Period
from tests import reference
from tests.reference import Read
from tests.shapes import SHAPES, Sample, samples

TERMS = {name: draft.terms(name, 1) for name, draft in SHAPES.items()}
EXAMPLES = 300 if os.environ.get("SOAK") == "1" else 8


def read(metric: MetricTerms, sample: Sample) -> list[Read]:
    facts = [SimpleNamespace(source="api", **each) for each in sample.events]
    return sorted(one for fact in facts for one in reference.readings(metric, fact))


def pure(metric: MetricTerms, sample: Sample, cuts: list[Period]) -> dict[Any, states.State]:
    events = [aggregate.Event(e["id"], "api", e["type"], "acme", e["time"], e["data"]) for e in sample.events]
    return aggregate.usage(metric, events, cuts, sample.zone)


def length(period: Period) -> timedelta:
    assert period.ends_at is not None
    return period.ends_at - period.starts_at


def expected(metric: MetricTerms, reads: list[Read], cut: Period, sample: Sample) -> Fraction:
    assert cut.ends_at is not None
    full = (sample.period.starts_at, sample.period.ends_at)
    return reference.total(metric, reads, cut.starts_at, cut.ends_at, zone=sample.zone, full=full)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_the_rule_is_the_definition(name, data):
    metric, sample = TERMS[name], data.draw(samples(SHAPES[name]))
    reads, found, whole = read(metric, sample), pure(metric, sample, list(sample.cuts)), length(sample.period)
    for number, cut in enumerate(sample.cuts):
        rows = [(dims, state) for (part, dims), state in found.items() if part == number]
        assert states.total(metric, rows, whole) == expected(metric, reads, cut, sample)
        for region in ("eu", ""):
            mine = [row for row in rows if dict(row[0]).get("region") == region]
            theirs = [one for one in reads if dict(one.dims).get("region") == region]
            assert states.total(metric, mine, whole) == expected(metric, theirs, cut, sample)


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=EXAMPLES)
@given(st.data())
def test_positions_are_those_of_the_definition(name, data):
    """Q(start → b) for every b; where quantities add up, the cuts' own quantities come to the last of them."""
    metric, sample = TERMS[name], data.draw(samples(SHAPES[name]))
    whole, start = length(sample.period), sample.period.starts_at
    reads, positions = read(metric, sample), []
    for cut in sample.cuts:
        found = pure(metric, sample, [Period(start, cut.ends_at)])
        positions.append(states.total(metric, [(dims, state) for (_, dims), state in found.items()], whole))
        assert positions[-1] == expected(metric, reads, Period(start, cut.ends_at), sample)
    if metric.adds_up or (metric.aggregation == "TIME_WEIGHTED" and metric.window is None):
        apart = pure(metric, sample, list(sample.cuts))
        assert states.total(metric, [(dims, state) for (_, dims), state in apart.items()], whole) == positions[-1]
