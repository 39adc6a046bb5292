"""Days of a contract that is made again, and usage laid onto a time to come."""

from datetime import UTC, date, datetime

import pytest

from billing.rules.mirrored import mirrored
from catalog.rules.moved import moved
from catalog.rules.terms import Segment
from monetization.values.errors import Invalid
from monetization.values.periods import Period

FIRST = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("day", "to", "is_last", "expected"),
    [
        (date(2026, 12, 31), date(2027, 1, 1), True, date(2027, 12, 31)),
        (date(2026, 2, 28), date(2027, 2, 1), True, date(2027, 3, 31)),
        (date(2026, 2, 28), date(2028, 1, 1), True, date(2028, 2, 29)),
        (date(2026, 1, 31), date(2026, 2, 1), False, date(2026, 2, 28)),
        (date(2026, 7, 1), date(2027, 1, 1), False, date(2027, 7, 1)),
        (date(2026, 7, 1), date(2026, 1, 11), False, date(2026, 7, 11)),
    ],
)
def test_days_move_with_the_first_one(day: date, to: date, is_last: bool, expected: date) -> None:
    assert moved(day, FIRST, to, is_last=is_last) == expected


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_a_window_is_cut_where_the_period_is() -> None:
    full = Period(at(2027, 6, 1), at(2027, 7, 1))
    window = Period(at(2026, 10, 1), at(2026, 10, 31))
    cuts = [Segment(Period(at(2027, 6, 1), at(2027, 6, 11)), ()), Segment(Period(at(2027, 6, 11), at(2027, 7, 1)), ())]
    assert [each.period for each in mirrored(cuts, full, window)] == [
        Period(at(2026, 10, 1), at(2026, 10, 11)), Period(at(2026, 10, 11), at(2026, 10, 31)),
    ]  # fmt: skip
    stub = [Segment(Period(at(2027, 6, 16), at(2027, 7, 1)), ())]
    assert mirrored(stub, full, window)[0].period == Period(at(2026, 10, 16), at(2026, 10, 31))


def test_a_time_without_end_is_laid_nowhere() -> None:
    with pytest.raises(Invalid):
        mirrored([Segment(Period(at(2027, 1, 1), None), ())], Period(at(2027, 1, 1), None), Period(FIRST_AT, SECOND_AT))


FIRST_AT, SECOND_AT = at(2026, 10, 1), at(2026, 11, 1)
