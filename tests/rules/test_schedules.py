"""Schedules made from a whole amount, and what a recurring grant gives: dates, amounts, nothing lost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.granted import Recurring, granted
from catalog.rules.schedules import Equal, Item, Spread, access_items, equal_invoices
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, Cadence, Cycle

D = Decimal
MONTHLY, QUARTERLY, ANNUAL = Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.ANNUAL
CADENCES = st.sampled_from([MONTHLY, QUARTERLY, ANNUAL])
DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def test_equal_invoices_start_with_their_periods() -> None:
    found = equal_invoices(Equal(D(100_000), 3, MONTHLY), date(2026, 1, 31), "USD")
    assert [(str(each.amount), each.date) for each in found] == [
        ("33333.34", date(2026, 1, 31)), ("33333.33", date(2026, 2, 28)), ("33333.33", date(2026, 3, 31)),
    ]  # fmt: skip


def test_a_shorter_last_item_has_its_share_by_days() -> None:
    found = access_items(Spread(D(1000), QUARTERLY), date(2026, 1, 15), date(2026, 8, 31), "EUR")
    assert [(str(each.amount), each.start_date, each.end_date) for each in found] == [
        ("396.55", date(2026, 1, 15), date(2026, 4, 14)), ("396.55", date(2026, 4, 15), date(2026, 7, 14)),
        ("206.90", date(2026, 7, 15), date(2026, 8, 31)),
    ]  # fmt: skip


@given(total=st.integers(1, 10**9), number=st.integers(1, 120), first=DAYS, cadence=CADENCES)
def test_equal_invoices_lose_nothing(total: int, number: int, first: date, cadence: Cadence) -> None:
    amount = D(total).scaleb(-2)
    found = equal_invoices(Equal(amount, number, cadence), first, "EUR")
    amounts = [each.amount for each in found]
    assert sum(amounts) == amount
    assert max(amounts) - min(amounts) <= D("0.01")
    assert len({each.date for each in found}) == number


@given(total=st.integers(1, 10**9), first=DAYS, days=st.integers(1, 1500), cadence=CADENCES)
def test_access_items_tile_their_days_and_lose_nothing(total: int, first: date, days: int, cadence: Cadence) -> None:
    last = first + timedelta(days=days - 1)
    found = access_items(Spread(D(total), cadence), first, last, "JPY")
    assert sum(each.amount for each in found) == total
    assert (found[0].start_date, found[-1].end_date) == (first, last)
    assert all(one.end_date is not None and one.end_date + DAY == two.start_date for one, two in pairs(found))


def pairs(items: list[Item]) -> list[tuple[Item, Item]]:
    return list(zip(items, items[1:], strict=False))


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Equal(D(0), 2, MONTHLY), "amount"),
        (Equal(D("0.001"), 2, MONTHLY), "amount"),
        (Equal(D(1), 0, MONTHLY), "number"),
        (Equal(D(1), 121, MONTHLY), "number"),
        (Spread(D(1), MONTHLY), "end_date"),
        (Spread(D(1), MONTHLY, None, date(2025, 1, 1)), "end_date"),
        (Spread(D(1), MONTHLY, None, date(2099, 1, 1)), "cadence"),
    ],
)
def test_what_makes_no_schedule_is_refused(said: Equal | Spread, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        if isinstance(said, Equal):
            equal_invoices(said, date(2026, 1, 1), "EUR")
        else:
            access_items(said, date(2026, 1, 1), None, "EUR")
    assert refused.value.field == field


def test_a_grant_of_each_month_with_stubs_and_rollover() -> None:
    cycle = Cycle(date(2026, 1, 11), "UTC", MONTHLY, "first", date(2026, 4, 20))
    found = list(granted(Recurring(cycle, D(100), "EUR", 1), date(2026, 12, 1)))
    assert [(str(each.amount), each.start_date, each.end_date) for each in found] == [
        ("67.74", date(2026, 1, 11), date(2026, 2, 28)), ("100.00", date(2026, 2, 1), date(2026, 3, 31)),
        ("100.00", date(2026, 3, 1), date(2026, 4, 20)), ("66.67", date(2026, 4, 1), date(2026, 4, 20)),
    ]  # fmt: skip


def test_a_grant_with_days_of_its_own() -> None:
    cycle = Cycle(date(2026, 1, 31), "UTC")
    terms = Recurring(cycle, D(30), "EUR", first=date(2026, 2, 14), last=date(2026, 4, 14))
    found = [(str(each.amount), each.start_date, each.end_date) for each in granted(terms, date(2026, 12, 1))]
    assert found == [
        ("15.00", date(2026, 2, 14), date(2026, 2, 27)), ("30.00", date(2026, 2, 28), date(2026, 3, 30)),
        ("15.00", date(2026, 3, 31), date(2026, 4, 29)),
    ]  # fmt: skip


@given(first=DAYS, until=st.integers(0, 900), later=st.integers(0, 400), cadence=CADENCES, rolls=st.integers(0, 3))
def test_grants_that_are_written_stay(first: date, until: int, later: int, cadence: Cadence, rolls: int) -> None:
    """What is granted up to a day is the beginning of what is granted up to a later one."""
    terms = Recurring(Cycle(first, "UTC", cadence), D(10), "EUR", rolls)
    some, more = (list(granted(terms, first + timedelta(days=days))) for days in (until, until + later))
    assert more[: len(some)] == some
    assert len({each.start_date for each in more}) == len(more)
