"""Where facts stand on an axis."""

from datetime import date

from billing.rules.timeline import Fact, axis_of, placed, today_at

JANUARY, DECEMBER = date(2026, 1, 1), date(2026, 12, 31)


def test_facts_stand_on_an_axis_of_all_that_is_known() -> None:
    year = Fact("Contract", "Deal", JANUARY, DECEMBER)
    mark = Fact("Amendments", "1", date(2026, 7, 2), date(2026, 7, 2))
    axis = axis_of([year, mark], date(2026, 7, 2))
    assert axis == (JANUARY, DECEMBER)
    assert (placed(year, axis).x, placed(year, axis).width) == (0, 1000)
    assert (placed(mark, axis).x, placed(mark, axis).width) == (500, 2)
    assert today_at(date(2026, 7, 2), axis) == 500
    late = Fact("Prices", "v2", DECEMBER, None)
    assert placed(late, axis).x + placed(late, axis).width == 1000


def test_an_axis_of_one_day_and_what_is_open() -> None:
    only = Fact("Contract", "Deal", JANUARY, None)
    axis = axis_of([only], JANUARY)
    assert (placed(only, axis).x, placed(only, axis).width) == (0, 1000)
