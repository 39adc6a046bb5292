"""Which row prices what: most literal conditions, then the metric's order of dimensions; ties are found."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.precedence import PriceTable, choose, ties
from catalog.rules.terms import Dims, dims_of
from tests.rules.build import dims, unit_price

ORDER = ("model", "region", "token_type")
ANY = unit_price("1")
MODEL = unit_price("2", dims(model="m"))
TYPE = unit_price("3", dims(token_type="input"))
REGION = unit_price("4", dims(region="eu"))
MODEL_TYPE = unit_price("5", dims(model="m", token_type="input"))
REGION_TYPE = unit_price("6", dims(token_type="input", region="eu"))
ALL = [ANY, MODEL, TYPE, REGION, MODEL_TYPE, REGION_TYPE]


@pytest.mark.parametrize(
    ("values", "row"),
    [
        (dims(model="x", region="us", token_type="output"), ANY),
        (dims(model="m", region="us", token_type="output"), MODEL),
        (dims(model="x", region="us", token_type="input"), TYPE),
        (dims(model="m", region="eu", token_type="output"), MODEL),  # model comes before region
        (dims(model="x", region="eu", token_type="output"), REGION),
        (dims(model="x", region="eu", token_type="input"), REGION_TYPE),  # two beat one
        (dims(model="m", region="eu", token_type="input"), MODEL_TYPE),  # model before region
        (dims(token_type="input", region="us", model="m"), MODEL_TYPE),
        (dims(), ANY),
    ],
)
def test_the_most_literal_row_wins_then_the_order_of_dimensions(values: Dims, row: object) -> None:
    for order in permutations(ALL):
        assert choose(order, values, ORDER) is row


def test_another_order_of_dimensions_is_another_choice() -> None:
    values = dims(model="m", region="eu", token_type="output")
    assert choose(ALL, values, ("region", "model", "token_type")) is REGION


def test_no_row_is_none() -> None:
    assert choose([MODEL], dims(model="x"), ORDER) is None
    assert choose([MODEL], dims(region="eu"), ORDER) is None
    assert choose([], dims(model="m"), ORDER) is None


def test_a_table_gives_the_row_of_exact_conditions() -> None:
    table = PriceTable(ALL, ORDER)
    assert table.row(MODEL_TYPE) is MODEL_TYPE
    assert table.row(ANY) is ANY
    assert table.row(unit_price("9", dims(model="m", region="eu"))) is None


def test_only_rows_with_the_same_conditions_tie() -> None:
    assert ties(ALL, ORDER) == []
    twin = unit_price("9", dims(region="eu", token_type="input"))
    assert ties([*ALL, twin], ORDER) == [(REGION_TYPE, twin)]
    assert ties([ANY, unit_price("1")], ORDER) != []


def test_stored_values_get_the_order_of_the_metric() -> None:
    stored = {"token_type": "input", "zone": "z", "model": "m", "area": "a"}
    expected = (("model", "m"), ("token_type", "input"), ("area", "a"), ("zone", "z"))
    assert dims_of(stored, ORDER) == expected


VALUES = st.fixed_dictionaries({}, optional={key: st.sampled_from("ab") for key in ORDER})


@given(st.lists(VALUES, max_size=8), VALUES, st.permutations(ORDER))
def test_agrees_with_a_plain_search(matches: list[dict[str, str]], values: dict[str, str], order: list[str]) -> None:
    rows = [unit_price("1", tuple(match.items())) for match in matches]
    covering = [row for row in rows if set(row.match) <= set(values.items())]
    found = choose(rows, tuple(values.items()), order)
    assert (found is None) == (not covering)
    if found is not None:
        named = {key for key, _ in found.match}
        for other in covering:
            rival = {key for key, _ in other.match}
            assert len(rival) <= len(named)
            if len(rival) == len(named) and rival != named:
                first = next(key for key in order if (key in named) != (key in rival))
                assert first in named
