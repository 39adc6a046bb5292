"""What events mean: matching, reading, refusing with the field, summing in any order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.terms import Dimension, Filter, FilterOp, Measure, MetricTerms, Rounding
from metering.rules.aggregate import Event, Reading, matches, readings, usage
from metering.rules.fields import Missing, TooLarge, Unreadable, field_of, quantity
from metering.rules.quantities import UsageRow, converted, counted
from monetization.values.errors import Invalid
from monetization.values.periods import Period
from tests.rules.build import CALLS, DAY, PLAIN, START, TOKENS, dims, event, used

D = Decimal
GOOD = {"model": "m", "input_tokens": 1200, "output_tokens": 300}
CONTEXT = replace(TOKENS, dimensions=(*TOKENS.dimensions, Dimension("context", "input_tokens", (D(200000),))))
CACHED = replace(
    TOKENS,
    measures=(
        Measure("input_tokens", "input", less=("cache_read_tokens", "cache_write_tokens")),
        Measure("cache_read_tokens", "cache_read"),
        Measure("output_tokens", "output"),
    ),
)
NESTED = replace(PLAIN, measures=(Measure("usage.total"),), dimensions=(Dimension("m", "meta.model"),))


def test_one_event_is_read_once_per_measure_it_carries() -> None:
    assert readings(TOKENS, GOOD) == [
        Reading(dims(model="m", token_type="input"), D(1200)),
        Reading(dims(model="m", token_type="output"), D(300)),
    ]
    only = {"model": "m", "output_tokens": 0}
    assert readings(TOKENS, only) == [Reading(dims(model="m", token_type="output"), D(0))]


def test_counting_reads_one_per_event() -> None:
    assert readings(CALLS, GOOD) == [Reading(dims(model="m"), D(1))]


def test_the_context_of_the_request_decides_for_all_its_tokens() -> None:
    at = readings(CONTEXT, {"model": "m", "input_tokens": 200000, "output_tokens": 5})
    over = readings(CONTEXT, {"model": "m", "input_tokens": 200001, "output_tokens": 5})
    assert {dict(reading.dims)["context"] for reading in at} == {"≤200000"}
    assert {dict(reading.dims)["context"] for reading in over} == {">200000"}
    assert dict(over[1].dims) == {"model": "m", "context": ">200000", "token_type": "output"}


def test_parts_are_taken_off_a_total_and_missing_ones_count_zero() -> None:
    full = {"model": "m", "input_tokens": 1000, "cache_read_tokens": 600, "cache_write_tokens": 50}
    assert [reading.quantity for reading in readings(CACHED, full)] == [350, 600]
    assert [reading.quantity for reading in readings(CACHED, {"model": "m", "input_tokens": 7})] == [7]
    with pytest.raises(Unreadable) as refusal:
        readings(CACHED, {"model": "m", "input_tokens": 5, "cache_read_tokens": 6})
    assert refusal.value.field == "data.input_tokens"


def test_fields_are_found_by_dotted_paths() -> None:
    nested = {"usage": {"total": "12.5"}, "meta": {"model": "m"}}
    assert readings(NESTED, nested) == [Reading(dims(m="m"), D("12.5"))]
    assert field_of({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    for data in ({}, {"usage": 5}, {"usage": None}, {"usage": {"total": None}}, {"usage": []}):
        with pytest.raises(Missing) as refusal:
            readings(NESTED, {"meta": {"model": "m"}, **data})
        assert (refusal.value.field, refusal.value.code) == ("data.usage.total", "missing_field")


def test_a_missing_dimension_is_a_reason_unless_it_may_be_missing() -> None:
    with pytest.raises(Missing) as refusal:
        readings(TOKENS, {"input_tokens": 1})
    assert refusal.value.field == "data.model"
    optional = replace(TOKENS, dimensions=(Dimension("model", "model", required=False),))
    assert readings(optional, {"input_tokens": 1})[0].dims == dims(model="", token_type="input")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5, "5"),
        (0, "0"),
        (-3, "-3"),
        (D("1.5"), "1.5"),
        (D("-0"), "0"),
        (D("0E+99"), "0"),
        ("1.50", "1.50"),
        ("-2", "-2"),
        ("1e3", "1E+3"),
        ("0.000000000000000001", "1E-18"),
        (10**20 - 1, "99999999999999999999"),
        (D("99999999999999999999.999999999999999999"), "99999999999999999999.999999999999999999"),
        (D("1.1000000000000000000000000"), "1.1000000000000000000000000"),
    ],
)
def test_numbers_that_a_quantity_may_be(value: Any, read: str) -> None:
    assert str(quantity(value, "n")) == read


@pytest.mark.parametrize(
    "wrong",
    [True, False, None, 1.5, float("nan"), [], {}, b"1", "", " 1", "1 ", "1,5", "1_000", "0x10", "abc",
     "NaN", "Infinity", "+1", ".5", "5.", "١٢", "1" * 61, D("NaN"), D("-Infinity"), D("sNaN")],
)  # fmt: skip
def test_what_is_no_number_is_refused_at_its_field(wrong: Any) -> None:
    with pytest.raises(Unreadable) as refusal:
        quantity(wrong, "tokens")
    assert (refusal.value.field, refusal.value.code) == ("data.tokens", "invalid_field")


@pytest.mark.parametrize(
    "wrong",
    [10**20, -(10**20), D("1E+20"), D("1E+999999"), "1e999", "1e-19", D("1E-999999"),
     D("0.0000000000000000001"), "1.1234567890123456789"],
)  # fmt: skip
def test_what_numeric_38_18_can_not_hold_is_too_large(wrong: Any) -> None:
    with pytest.raises(TooLarge) as refusal:
        quantity(wrong, "tokens")
    assert (refusal.value.field, refusal.value.code) == ("data.tokens", "too_large")


def test_a_hostile_whole_number_is_too_large() -> None:
    with pytest.raises(TooLarge):
        quantity(10**5000, "tokens")


@pytest.mark.parametrize(
    ("value", "text"), [("gpt-4o", "gpt-4o"), (4, "4"), (D("4.0"), "4"), (True, "true"), (False, "false")]
)
def test_dimension_values_are_text(value: Any, text: str) -> None:
    assert readings(CALLS, {"model": value})[0].dims == dims(model=text)


@pytest.mark.parametrize("wrong", [[], {}, "x" * 201, "a\x00b", D("NaN"), 1.5])
def test_what_can_be_no_dimension_value_is_refused(wrong: Any) -> None:
    with pytest.raises(Unreadable) as refusal:
        readings(CALLS, {"model": wrong})
    assert refusal.value.field == "data.model"


@pytest.mark.parametrize(
    ("op", "values", "passing", "failing"),
    [
        (FilterOp.EXISTS, (), ["x", 0, False, ""], [None]),
        (FilterOp.MISSING, (), [None], ["x", 0]),
        (FilterOp.IN, ("ok", "1"), ["ok", 1, D("1.0")], ["no", None, 2]),
        (FilterOp.NOT_IN, ("ok",), ["no", None, 1], ["ok"]),
        (FilterOp.GT, ("5",), [6, "5.1"], [5, 4, None, "x", True]),
        (FilterOp.GE, ("5",), [5, D("5.0")], [4, None, D("NaN")]),
        (FilterOp.LT, ("5",), [4, "-1"], [5, None, "x"]),
        (FilterOp.LE, ("5",), [5, 0], [6, None]),
    ],
)
def test_filters(op: FilterOp, values: tuple[str, ...], passing: list[Any], failing: list[Any]) -> None:
    metric = replace(CALLS, filters=(Filter("status", op, values),))
    for value in passing:
        assert matches(metric, event({"status": value}))
    for value in failing:
        assert not matches(metric, event({"status": value}))


def test_every_filter_and_the_type_must_match() -> None:
    both = (Filter("a", FilterOp.EXISTS), Filter("b", FilterOp.EXISTS))
    metric = replace(CALLS, filters=both)
    assert matches(metric, event({"a": 1, "b": 1}))
    assert not matches(metric, event({"a": 1}))
    assert not matches(metric, event({"a": 1, "b": 1}, kind="Completion"))


CUTS = [Period(START, START + DAY), Period(START + DAY, START + 3 * DAY)]


def test_an_event_counts_in_the_half_open_cut_of_its_time() -> None:
    tick = timedelta(microseconds=1)
    at = [START - tick, START, START + DAY - tick, START + DAY, START + 3 * DAY - tick, START + 3 * DAY]
    found = usage(CALLS, [event({"model": "m"}, when) for when in at], CUTS)
    assert {key[0]: tally.events for key, tally in found.items()} == {0: 2, 1: 2}


def test_other_types_are_left_out_and_unreadable_events_raise() -> None:
    assert usage(CALLS, [event({"model": "m"}, kind="other")], CUTS) == {}
    with pytest.raises(Missing):
        usage(CALLS, [event({})], CUTS)


EVENTS = st.lists(
    st.builds(
        lambda model, tokens, minutes: event(
            {"model": model, "input_tokens": tokens}, START + timedelta(minutes=minutes)
        ),
        st.sampled_from("abc"),
        st.decimals(-1000, 1000, places=6),
        st.integers(0, 60 * 72 - 1),
    ),
    max_size=30,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_order_changes_nothing(found: list[Event], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert usage(TOKENS, shuffled, CUTS) == usage(TOKENS, found, CUTS)


@given(EVENTS, st.lists(st.integers(1, 60 * 72 - 1), max_size=4))
def test_any_cuts_sum_to_the_whole(found: list[Event], minutes: list[int]) -> None:
    whole = Period(START, START + 3 * DAY)
    pieces = whole.cut([START + timedelta(minutes=m) for m in minutes])
    sums: dict[Any, tuple[Decimal, int]] = {}
    for (_, key), tally in usage(TOKENS, found, pieces).items():
        total, events = sums.get(key, (D(0), 0))
        sums[key] = (total + tally.quantity, events + tally.events)
    expected = {key: (t.quantity, t.events) for (_, key), t in usage(TOKENS, found, [whole]).items()}
    assert sums == expected


def test_sums_keep_every_digit() -> None:
    big, small = D("99999999999999999999.999999999999999999"), D("0.000000000000000001")
    found = usage(PLAIN, [event({"units": n}, kind="work") for n in (big, big, small)], CUTS)
    assert found[(0, ())].quantity == D("199999999999999999999.999999999999999999")


def rounding(how: Rounding | None, digits: int = 0, divisor: str = "1000") -> MetricTerms:
    return replace(PLAIN, divisor=D(divisor), rounding=how, digits=digits)


@pytest.mark.parametrize(
    ("metric", "total", "units"),
    [
        (rounding(None), "1400", "1.4"),
        (rounding(None, divisor="3"), "1", "1/3"),
        (rounding(Rounding.UP), "1400", "2"),
        (rounding(Rounding.UP), "2000", "2"),
        (rounding(Rounding.UP), "-1400", "-1"),
        (rounding(Rounding.DOWN), "1999", "1"),
        (rounding(Rounding.DOWN), "-1400", "-2"),
        (rounding(Rounding.HALF_UP), "1500", "2"),
        (rounding(Rounding.HALF_UP), "1499", "1"),
        (rounding(Rounding.HALF_UP), "-1500", "-2"),
        (rounding(Rounding.UP, 2), "1401", "1.41"),
        (rounding(Rounding.UP, -2, "1"), "101", "200"),
        (rounding(Rounding.HALF_UP, -2, "1"), "150", "200"),
    ],
)
def test_conversion_and_rounding_once_on_the_sum(metric: MetricTerms, total: str, units: str) -> None:
    assert converted(metric, Fraction(total)) == Fraction(units)


def test_rows_of_the_same_place_are_added_up() -> None:
    a = UsageRow(1, 0, dims(model="m", token_type="input"), D("0.1"), 2)
    b = UsageRow(1, 0, dims(token_type="input", model="m"), D("0.2"), 3)
    (joined,) = counted([a, b], 1)
    assert (joined.quantity, joined.events) == (D("0.3"), 5)
    assert len(counted([a, used("1", 1)], 2)) == 2
    with pytest.raises(Invalid):
        counted([used("1", 2)], 2)
