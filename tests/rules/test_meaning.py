"""A metric in words: what it counts, what changes, what surprises; and what is refused."""

from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.rules.meaning import Change, changes, sentence
from catalog.rules.metrics import metric_errors
from catalog.rules.surprises import metric_surprises
from catalog.rules.terms import (
    Again,
    Aggregation,
    Dimension,
    Filter,
    FilterOp,
    Measure,
    MetricTerms,
    Rounding,
    Window,
)
from tests.rules.build import CALLS, PLAIN, TOKENS

D, A = Decimal, Aggregation
READING = tuple(kind for kind in A if kind is not A.COUNT)
MODEL = Dimension("model", "model")


def metric(kind: Aggregation, **more: object) -> MetricTerms:
    """Make a metric of one field, or of none."""
    base = replace(PLAIN, aggregation=kind, measures=() if kind is A.COUNT else (Measure("units"),))
    return replace(base, **more)  # type: ignore[arg-type]


def fields(terms: MetricTerms) -> list[str | None]:
    found = metric_errors(terms)
    assert all(error.message and error.fix for error in found)
    return [error.field for error in found]


@pytest.mark.parametrize("kind", list(A))
def test_each_aggregation_has_a_plain_form_without_errors_and_a_sentence(kind: Aggregation) -> None:
    assert fields(metric(kind)) == []
    assert sentence(metric(kind)).endswith("`work` events.") or kind is A.TIME_WEIGHTED
    assert fields(metric(kind, window=Window.DAY, again=Again.P95, dimensions=(MODEL,), per=("model",))) == []


@pytest.mark.parametrize("kind", READING)
def test_all_but_a_count_need_a_field_and_only_a_count_takes_none(kind: Aggregation) -> None:
    assert fields(metric(kind, measures=())) == ["measures"]
    assert fields(metric(kind, measures=(Measure(""),))) == ["measures"]
    two = (Measure("units", "a"), Measure("other", "b"))
    assert fields(metric(kind, measures=two)) == ["measure_dimension"]
    assert fields(metric(kind, measures=two, measure_dimension="kind")) == []
    assert fields(metric(A.COUNT, measures=(Measure("units"),))) == ["measures"]
    assert fields(metric(A.COUNT, measure_dimension="kind")) == ["measure_dimension"]


def test_what_belongs_to_one_aggregation_is_refused_for_the_others() -> None:
    for kind in A:
        assert fields(metric(kind, carry=True)) == ([] if kind is A.LATEST else ["carry"])
        assert fields(metric(kind, of_level=True)) == ([] if kind is A.TIME_WEIGHTED else ["of_level"])
    less = (Measure("units", None, ("cached",)),)
    allowed = {A.SUM, A.AVERAGE, A.MAX, A.MIN}
    for kind in READING:
        assert fields(metric(kind, measures=less)) == ([] if kind in allowed else ["measures[0].less"])


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"window": Window.HOUR}, "again"),
        ({"again": Again.MAX}, "window"),
        ({"per": ("model",)}, "per"),
        ({"per": ("model", "model"), "dimensions": (MODEL,)}, "per"),
        ({"digits": 2}, "digits"),
        ({"digits": 19, "rounding": Rounding.UP}, "digits"),
        ({"divisor": D(-1)}, "divisor"),
        ({"event_type": ""}, "event_type"),
        ({"dimensions": (Dimension("2nd", "x"),)}, "dimensions[0].key"),
        ({"dimensions": (Dimension("m y", "x"),)}, "dimensions[0].key"),
        ({"dimensions": (Dimension("model", ""),)}, "dimensions[0].field"),
        ({"dimensions": (Dimension("model", "a..b"),)}, "dimensions[0].field"),
        ({"dimensions": (Dimension("model", "a\nb"),)}, "dimensions[0].field"),
        ({"measures": (Measure("x" * 121),)}, "measures[0].field"),
        ({"measures": (Measure("a", None, ("a",)),)}, "measures[0].less"),
        ({"filters": (Filter("n", FilterOp.GT, ("many",)),)}, "filters[0].values"),
        ({"filters": (Filter("n", FilterOp.GT, ("1", "2")),)}, "filters[0].values"),
        ({"filters": (Filter("n", FilterOp.IN, ()),)}, "filters[0].values"),
        ({"filters": (Filter("n", FilterOp.EXISTS, ("x",)),)}, "filters[0].values"),
        ({"filters": (Filter("", FilterOp.EXISTS),)}, "filters[0].field"),
    ],
)
def test_each_mistake_is_refused_once_at_its_field(more: dict[str, object], field: str) -> None:
    assert fields(metric(A.SUM, **more)) == [field]


def test_a_sentence_says_all_that_counts() -> None:
    full = metric(
        A.SUM, event_type="llm.request", measures=(Measure("input_tokens"),), divisor=D(1_000_000),
        filters=(Filter("status", FilterOp.IN, ("ok",)),), rounding=Rounding.UP,
        dimensions=(MODEL, Dimension("region", "region")),
    )  # fmt: skip
    assert sentence(full) == (
        "Adds up `input_tokens` of `llm.request` events where `status` is ok, by model and region, in millions,"
        " rounded up."
    )
    assert sentence(CALLS) == "Counts `completion` events, by model."
    level = metric(A.TIME_WEIGHTED, of_level=True, divisor=D(12), rounding=Rounding.HALF_UP, digits=2)
    assert sentence(level) == (
        "Follows a level that `units` of `work` events reads, and averages it over time, divided by 12,"
        " rounded half away from zero to 2 decimals."
    )
    peak = metric(A.MAX, window=Window.HOUR, again=Again.P95, dimensions=(MODEL,), per=("model",))
    assert sentence(peak) == (
        "Takes the largest `units` of `work` events, in each hour (UTC), then takes the 95th percentile of the hours,"
        " for each model apart, then added, by model."
    )
    many = metric(A.COUNT, filters=(Filter("model", FilterOp.NOT_IN, tuple("abcdefgh")),))
    assert sentence(many) == "Counts `work` events where `model` is not a, b, c, d, e or 3 more."


def test_changes_are_named_and_nothing_else() -> None:
    assert changes(TOKENS, TOKENS) == []
    new = replace(TOKENS, divisor=D(1000), unit="1k tokens", filters=(Filter("n", FilterOp.GE, ("5",)),))
    assert changes(TOKENS, new) == [
        Change("Only where", "–", "`n` is at least 5"),
        Change("One priced unit", "1M tokens = 1,000,000", "1k tokens = 1,000"),
    ]


def test_what_surprises_is_said_and_not_refused() -> None:
    assert metric_surprises(metric(A.SUM)) == metric_surprises(metric(A.COUNT)) == []
    for kind in (A.MAX, A.MIN, A.AVERAGE, A.LATEST):
        assert "takes effect at the next one" in metric_surprises(metric(kind))[0].message
    assert [s.field for s in metric_surprises(metric(A.LATEST))] == ["aggregation", "carry"]
    assert [s.field for s in metric_surprises(metric(A.UNIQUE))] == ["aggregation"]
    assert [s.field for s in metric_surprises(metric(A.TIME_WEIGHTED))] == ["of_level"]
    assert [s.field for s in metric_surprises(metric(A.SUM, dimensions=(MODEL,), per=("model",)))] == ["per"]
    assert [s.field for s in metric_surprises(metric(A.SUM, window=Window.DAY, again=Again.SUM))] == ["again"]
