"""Charts: round scales, a zero baseline, stacks that add up."""

from decimal import Decimal

import pytest

from monetization.foundation.rules.charts import OTHER, SIDE, Slot, bars, fold, scale

D = Decimal


def day(*values: str) -> Slot:
    return Slot("1", "1 Nov", tuple(D(value) for value in values))


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        ("0", ["0", "1"]),
        ("-3", ["0", "1"]),
        ("4", ["0", "1", "2", "3", "4"]),
        ("9.99", ["0", "2.5", "5", "7.5", "10"]),
        ("1043.2", ["0", "500", "1000", "1500"]),
        ("0.000031", ["0", "0.00001", "0.00002", "0.00003", "0.00004"]),
        ("1284550312", ["0", "500000000", "1000000000", "1500000000"]),
    ],
)
def test_scale_is_round_and_reaches_the_highest(highest: str, ticks: list[str]) -> None:
    assert scale(D(highest)) == [D(tick) for tick in ticks]


def test_bars_stand_on_zero_and_stack_to_their_sum() -> None:
    chart = bars(["input", "output"], [day("1", "3"), day("0", "0"), day("2", "0")])
    first, empty, last = chart.columns
    assert [(bar.series, bar.y, bar.height) for bar in first.bars] == [(0, 750, 250), (1, 0, 750)]
    assert empty.bars == ()
    assert [(bar.series, bar.y, bar.height) for bar in last.bars] == [(0, 500, 500)]


def test_columns_tile_the_width() -> None:
    chart = bars(["usage"], [day("1")] * 31)
    assert chart.columns[0].left == 0
    assert sum(column.pitch for column in chart.columns) == SIDE
    assert all(column.left <= column.x and column.width > 0 for column in chart.columns)


def test_a_value_too_small_to_see_is_still_drawn_and_one_below_zero_is_not() -> None:
    chart = bars(["usage"], [day("0.0001"), day("1000"), day("-5")])
    assert [len(column.bars) for column in chart.columns] == [1, 1, 0]
    assert chart.columns[0].bars[0].height == 3


def test_the_comparison_line_is_inside_the_chart() -> None:
    assert bars(["usage"], [day("1")], D("4")).level == 0
    assert bars(["usage"], [day("4")], D("1")).level == 750
    assert bars(["usage"], [day("4")]).level is None


def test_more_than_four_series_are_folded_into_other() -> None:
    totals = [("a", D(1)), ("b", D(5)), ("c", D(3)), ("d", D(3)), ("e", D(2))]
    assert fold(totals) == ["b", "c", "d", OTHER]
    assert fold(totals[:4]) == ["b", "c", "d", "a"]
