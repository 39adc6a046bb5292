"""Canonical JSON: the same content gives the same text, other content another."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monetization.values.canonical import canonical, digest, number_text
from monetization.values.errors import Invalid

D = Decimal
NUMBERS = st.one_of(st.integers(-(10**60), 10**60), st.decimals(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "same",
    [
        [1, D("1"), D("1.0"), D("1.00"), D("1E0"), D("10E-1")],
        [0, D("-0"), D("0.000"), D("0E+7"), D("0E-30")],
        [1000, D("1E3"), D("1000.0")],
        [10**50, D("1E50")],
        [D("1E-7"), D("0.0000001"), D("0.00000010")],
        [-(10**39), D(-(10**39)), D("-1E39")],
        [{"a": 1, "b": 2}, {"b": D("2.0"), "a": D("1.0")}],
        [(1, 2), [1, 2]],
    ],
)
def test_one_form_for_what_is_the_same(same: list[Any]) -> None:
    assert len({canonical(value) for value in same}) == 1
    assert len({digest(value) for value in same}) == 1


def test_a_body_by_hand() -> None:
    body = {"type": "call", "data": {"n": D("12.50"), "é": [True, None, "1", 1]}}
    assert canonical(body) == r'{"data":{"n":12.5,"\u00e9":[true,null,"1",1]},"type":"call"}'
    assert digest({}).hex() == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_what_differs_stays_apart() -> None:
    values: list[Any] = [
        1, "1", True, "true", None, "null", 0, False, "", [], {}, [1], {"1": 1}, {"1": "1"},
        "é", "e\u0301", D("1.0000000000000000000000000000000000001"), -1, [[1]], [1, [1]],
    ]  # fmt: skip
    assert len({canonical(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    "wrong",
    [1.5, float("nan"), D("NaN"), D("Infinity"), D("sNaN"), {"a": 0.1}, [b"x"], {1: 2}, {None: 1}],
)
def test_what_has_no_form_is_refused(wrong: Any) -> None:
    with pytest.raises(Invalid):
        canonical(wrong)


def test_keys_of_two_kinds_are_refused() -> None:
    with pytest.raises(Invalid):
        canonical({"a": 1, 2: 3})


def test_hostile_numbers_cost_nothing() -> None:
    assert number_text(D("1E+999999")) == "1e999999"
    assert number_text(D("-12E-999999")) == "-12e-999999"
    assert number_text(10**6000) == "1e6000"


def test_hostile_nesting_is_refused() -> None:
    deep: Any = 1
    for _ in range(64):
        deep = [deep]
    assert canonical(deep).count("[") == 64
    with pytest.raises(Invalid):
        canonical([deep])


@given(VALUES)
def test_the_form_is_json_and_a_fixed_point(value: Any) -> None:
    text = canonical(value)
    text.encode("ascii")
    assert canonical(json.loads(text, parse_float=D)) == text


@given(NUMBERS, NUMBERS)
def test_numbers_have_one_text_each(a: D | int, b: D | int) -> None:
    assert (number_text(a) == number_text(b)) == (D(a) == D(b))
