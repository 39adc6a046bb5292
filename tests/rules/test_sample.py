"""The sample event is one that its metric counts, and the code around it is what it says."""

import ast
import json
import shlex
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure, MetricTerms
from metering.rules import snippets
from metering.rules.aggregate import Event, matches, readings
from metering.rules.sample import sample
from tests.metered import NOW

D = Decimal
TOKENS = MetricTerms(
    "tokens", 1, 1, "llm.request", Aggregation.SUM,
    measures=(Measure("input_tokens", "input", ("cached",)), Measure("cached", "cached"), Measure("out.tokens", "out")),
    measure_dimension="kind",
    dimensions=(Dimension("model", "model"), Dimension("context", "input_tokens", (D(200_000),))),
)  # fmt: skip
CALLS = MetricTerms("calls", 2, 1, "call", Aggregation.COUNT)


def with_filters(metric: MetricTerms, *filters: Filter) -> MetricTerms:
    return replace(metric, filters=filters)


def test_every_field_that_is_read_is_there() -> None:
    data = sample(TOKENS, {"model": "gpt-4o", "kind": "input"})
    assert data == {"model": "gpt-4o", "input_tokens": 1200, "cached": 200, "out": {"tokens": 1200}}
    assert {dict(each.dims)["kind"]: each.quantity for each in readings(TOKENS, data)} == {
        "input": 1000, "cached": 200, "out": 1200,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (Filter("status", FilterOp.IN, ("ok", "done")), "ok"),
        (Filter("status", FilterOp.NOT_IN, ("example",)), "another"),
        (Filter("status", FilterOp.EXISTS), "example"),
        (Filter("status", FilterOp.MISSING), None),
        (Filter("n", FilterOp.GT, ("17",)), 18),
        (Filter("n", FilterOp.LE, ("-3",)), -3),
        (Filter("n", FilterOp.LT, ("0.5",)), "-0.5"),
        (Filter("n", FilterOp.IN, ("4",)), 4),
    ],
)
def test_filters_let_it_pass(condition: Filter, value: Any) -> None:
    assert sample(with_filters(CALLS, condition)) == ({} if value is None else {condition.field: value})


def test_one_field_may_be_measure_dimension_and_filter() -> None:
    metric = with_filters(TOKENS, Filter("input_tokens", FilterOp.GT, ("200000",)))
    data = sample(metric)
    assert data is not None
    assert data["input_tokens"] == 200_001
    assert dict(readings(metric, data)[0].dims)["context"] == ">200000"


def test_where_filters_contradict_each_other_there_is_none() -> None:
    wanted = Filter("n", FilterOp.GT, ("5",))
    assert sample(with_filters(CALLS, wanted, Filter("n", FilterOp.MISSING))) is None
    assert sample(with_filters(CALLS, wanted, Filter("n", FilterOp.LT, ("5",)))) is None


def test_a_path_through_another_field_is_written_flat() -> None:
    metric = replace(CALLS, dimensions=(Dimension("a", "usage"), Dimension("b", "usage.kind")))
    assert sample(metric) == {"usage": "example", "usage.kind": "example"}
    turned = replace(CALLS, dimensions=(Dimension("b", "usage.kind"), Dimension("a", "usage")))
    assert sample(turned) in (None, {"usage.kind": "example", "usage": "example"})


FIELDS = st.sampled_from(["a", "b", "a.b", "c"])
FILTERS = st.builds(Filter, FIELDS, st.sampled_from([FilterOp.EXISTS, FilterOp.MISSING])) | st.builds(
    Filter, FIELDS, st.sampled_from(FilterOp), st.tuples(st.sampled_from(["1", "-2.5", "ok", "300000"]))
)


@given(
    st.lists(FILTERS, max_size=3),
    st.lists(FIELDS, max_size=2, unique=True),
    st.sampled_from([Aggregation.SUM, Aggregation.COUNT, Aggregation.MAX]),
)
def test_a_sample_is_always_counted(filters: list[Filter], dimensions: list[str], aggregation: Aggregation) -> None:
    numeric = [f for f in filters if f.op not in (FilterOp.GT, FilterOp.GE, FilterOp.LT, FilterOp.LE)]
    sound = numeric + [f for f in filters if f not in numeric and f.values[0] != "ok"]
    metric = MetricTerms(
        "m", 1, 1, "t", aggregation,
        measures=() if aggregation is Aggregation.COUNT else (Measure("amount"),),
        dimensions=tuple(Dimension(f"d{n}", field) for n, field in enumerate(dimensions)), filters=tuple(sound),
    )  # fmt: skip
    data = sample(metric)
    if data is not None:
        assert matches(metric, Event("1", "api", "t", "acme", NOW, data))
        assert readings(metric, data)


HARD = {"id": 'it\'s "one"', "type": "t", "subject": "a\\b$HOME`x`", "data": {"ok": True, "n": 1, "deep": {"ü": "–"}}}
ADDRESS, TOKEN = "https://meter.example/api/v1/events", "mk_test_1_x'y"


def test_code_carries_the_event_whatever_is_in_it() -> None:
    command = shlex.split(snippets.curl(ADDRESS, TOKEN, HARD))
    assert command[:2] == ["curl", ADDRESS]
    assert f"Authorization: Bearer {TOKEN}" in command
    assert json.loads(command[-1]) == [HARD]
    program = ast.parse(snippets.python(ADDRESS, TOKEN, HARD))
    event = next(node for node in program.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(event.value) == HARD
    script = snippets.javascript(ADDRESS, TOKEN, HARD)
    assert json.loads(script[script.index("{") : script.index(";\n")]) == HARD
    assert f"Bearer {TOKEN}" in script
