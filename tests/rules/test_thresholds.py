"""Labels of ranges: lower bound exclusive, upper inclusive, readable back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.terms import Dimension
from catalog.rules.thresholds import label_of, labels, parse_label
from monetization.values.errors import Invalid

D = Decimal


def test_no_threshold_has_no_labels() -> None:
    assert labels(()) == ()
    assert Dimension("model", "model").labels == ()


def test_labels_of_several_thresholds() -> None:
    bounds = (D("128000.000"), D("200000"), D("1E+6"))
    assert labels(bounds) == ("≤128000", ">128000 ≤200000", ">200000 ≤1000000", ">1000000")
    assert Dimension("context", "input_tokens", bounds).labels == labels(bounds)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("0", "≤200000"),
        ("200000", "≤200000"),
        ("200000.000000000000000001", ">200000 ≤1000000"),
        ("200001", ">200000 ≤1000000"),
        ("1000000", ">200000 ≤1000000"),
        ("1000001", ">1000000"),
        ("-5", "≤200000"),
    ],
)
def test_a_value_on_a_threshold_belongs_below(value: str, label: str) -> None:
    assert label_of(D(value), (D(200000), D(1000000))) == label


@pytest.mark.parametrize(
    "wrong",
    ["", ">", "≤", "200000", ">200,000", ">2e5", "> 200000", ">200000≤300000", ">300 ≤200",
     ">200 ≤200", ">0200", ">1.50", "≤1 >0", ">1 ", " >1", "<=5"],
)  # fmt: skip
def test_a_label_that_no_threshold_writes_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_label(wrong)
    assert refusal.value.field == "match"


NUMBERS = st.decimals(-(10**9), 10**9, places=3)


@given(st.lists(NUMBERS, min_size=1, max_size=5, unique=True), NUMBERS)
def test_every_value_lies_in_the_range_of_its_label(bounds: list[Decimal], value: Decimal) -> None:
    rising = sorted(bounds)
    label = label_of(value, rising)
    assert label in labels(rising)
    low, high = parse_label(label)
    assert low is None or low < value
    assert high is None or value <= high
    assert len(set(labels(rising))) == len(rising) + 1
