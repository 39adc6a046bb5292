"""Discounts, minimums and maximums that stand for some days of October only, by hand-computed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.bill import Bill, bill
from catalog.rules.agreed import Bound, Discount, Scope
from catalog.rules.dated import bounds_in, discount_in
from catalog.rules.spans import Days, Span
from catalog.rules.terms import Terms
from metering.rules.quantities import UsageRow
from tests.rules.build import charge, terms, unit_price, used

D = Decimal
OCTOBER = Span(date(2026, 10, 1), date(2026, 11, 1), date(2026, 10, 1), date(2026, 11, 1), 1)
EXTENT = OCTOBER.period("UTC")
CHARGES = [charge(unit_price("1"))]
BEFORE_AND_AFTER = [used("500"), used("500", segment=1)]  # the month is cut where what is asked about begins


def cut_at(day: int) -> Terms:
    """October with one charge, cut before a day."""
    whole = terms(CHARGES, CHARGES)
    edge = OCTOBER.within(date(2026, 10, day), None)
    assert edge is not None
    start = edge.period("UTC").starts_at
    first, second = whole.segments
    return replace(
        whole,
        full_period=EXTENT,
        segments=(
            replace(first, period=replace(EXTENT, ends_at=start)),
            replace(second, period=replace(EXTENT, starts_at=start)),
        ),
    )


def billed(
    day: int,
    usage: Sequence[UsageRow] = BEFORE_AND_AFTER,
    discounts: Sequence[tuple[Discount, Days]] = (),
    minimums: Sequence[tuple[Bound, Days]] = (),
    maximums: Sequence[tuple[Bound, Days]] = (),
) -> Bill:
    reduced = (discount_in(each, days, OCTOBER, EXTENT, "UTC") for each, days in discounts)
    return bill(
        replace(
            cut_at(day),
            discounts=tuple(each for each in reduced if each is not None),
            minimums=tuple(bounds_in(minimums, OCTOBER, "UTC")),
            maximums=tuple(bounds_in(maximums, OCTOBER, "UTC")),
        ),
        usage,
    )


def since(day: int) -> Days:
    return Days(first=date(2026, 10, day))


def until(day: int) -> Days:
    return Days(last=date(2026, 10, day))


def amounts(found: Bill) -> list[tuple[str, str]]:
    return [(line.kind.value, str(line.amount)) for line in found.lines]


def test_a_percentage_comes_off_what_is_used_in_its_days() -> None:
    ten = Discount(D(10), "ten", "Ten")
    assert amounts(billed(16, discounts=[(ten, since(16))])) == [("usage", "950.00")]  # 500 + 500 × 0.9
    assert amounts(billed(16, discounts=[(ten, until(15))])) == [("usage", "950.00")]
    assert amounts(billed(16, discounts=[(ten, Days())])) == [("usage", "900.00")]
    both = [(ten, since(16)), (Discount(D(50), "half", "Half"), Days())]
    assert amounts(billed(16, discounts=both)) == [("usage", "475.00")]  # 250 + 500 × 0.9 × 0.5


def test_an_amount_is_due_by_its_days_and_comes_off_them() -> None:
    coupon = Discount(D(0), "c", "Coupon", amount=D(31))
    assert amounts(billed(16, discounts=[(coupon, since(16))])) == [("usage", "1000.00"), ("discount", "-16.00")]
    early = [used("500")]
    assert amounts(billed(16, early, discounts=[(coupon, since(16))])) == [("usage", "500.00")]


def test_a_minimum_that_begins_counts_its_days_and_what_falls_into_them() -> None:
    floor = Bound(D(620))
    assert amounts(billed(16, [used("500")], minimums=[(floor, since(16))])) == [
        ("usage", "500.00"), ("true_up", "320.00"),  # 620 × 16 ÷ 31, and nothing was used
    ]  # fmt: skip
    assert amounts(billed(16, minimums=[(floor, since(16))])) == [("usage", "1000.00")]


def test_a_minimum_that_follows_another_is_one_of_both_by_days() -> None:
    low, high = (Bound(D(310)), until(10)), (Bound(D(620)), since(11))
    [one] = bounds_in([low, high], OCTOBER, "UTC")
    assert Fraction(one.amount) * Fraction(*one.weight) == 520  # 310 × 10 ÷ 31 + 620 × 21 ÷ 31
    assert one.period is None
    assert amounts(billed(11, [used("500")], minimums=[low, high])) == [("usage", "500.00"), ("true_up", "20.00")]
    other = (Bound(D(620), Scope(products=frozenset({"work"}))), since(11))
    assert len(bounds_in([low, other], OCTOBER, "UTC")) == 2


def test_a_cap_that_begins_leaves_earlier_days_alone() -> None:
    cap = Bound(D(310))
    assert amounts(billed(16, maximums=[(cap, since(16))])) == [("usage", "1000.00"), ("cap", "-340.00")]
    assert amounts(billed(16, maximums=[(cap, until(15))])) == [("usage", "1000.00"), ("cap", "-350.00")]
    assert amounts(billed(16, maximums=[(cap, Days())])) == [("usage", "1000.00"), ("cap", "-690.00")]


def test_what_stands_on_other_days_is_not_there() -> None:
    november, september = Days(first=date(2026, 11, 1)), Days(last=date(2026, 9, 30))
    for days in (november, september):
        assert discount_in(Discount(D(10), "ten", "Ten"), days, OCTOBER, EXTENT, "UTC") is None
        assert bounds_in([(Bound(D(1)), days)], OCTOBER, "UTC") == []


def test_days_that_cover_a_period_change_nothing() -> None:
    wide = Days(date(2026, 9, 1), date(2026, 12, 31))
    ten, floor = Discount(D(10), "ten", "Ten"), Bound(D(100))
    assert discount_in(ten, wide, OCTOBER, EXTENT, "UTC") == ten
    assert bounds_in([(floor, wide)], OCTOBER, "UTC") == [floor]


@given(st.integers(2, 31), st.integers(1, 1000), st.integers(0, 500), st.integers(0, 500))
def test_a_bound_cut_in_two_equal_parts_is_the_whole(day: int, amount: int, one: int, two: int) -> None:
    usage = [used(str(one)), used(str(two), segment=1)]
    whole = [(Bound(D(amount)), Days())]
    split = [(Bound(D(amount)), until(day - 1)), (Bound(D(amount)), since(day))]
    assert billed(day, usage, minimums=whole).net == billed(day, usage, minimums=split).net
    assert billed(day, usage, maximums=whole).net == billed(day, usage, maximums=split).net


@pytest.mark.parametrize(("first", "last", "left"), [(None, None, 31), (10, None, 22), (None, 9, 9), (10, 19, 10)])
def test_days_of_a_span(first: int | None, last: int | None, left: int) -> None:
    found = OCTOBER.within(date(2026, 10, first) if first else None, date(2026, 10, last) if last else None)
    assert found is not None
    assert found.served == (left, 31)
