"""Price functions by position: exact, continuous, telescoping, mirrored below zero."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.charges import amount, parts
from catalog.rules.price_errors import tier_errors
from catalog.rules.terms import Price, PriceModel, Tier
from tests.rules.build import graduated, source, tiers, unit_price

D, F = Decimal, Fraction
TABLE = graduated(("10", "10", "2"), ("20", "5", "3"), (None, "1", "4"))
NO_FLATS = graduated(("10", "10"), ("20", "5"), (None, "1"))
NUMBERS = st.fractions(-100, 100, max_denominator=1000)


def free_tables() -> st.SearchStrategy[Price]:
    sizes = st.lists(st.integers(1, 30), max_size=4)
    rates = st.lists(st.integers(0, 50), min_size=5, max_size=5)

    def build(steps: list[int], prices: list[int]) -> Price:
        bounds = [str(sum(steps[: i + 1])) for i in range(len(steps))]
        rows = [(bound, str(F(p)), "0") for bound, p in zip(bounds, prices, strict=False)]
        return graduated(*rows, (None, str(prices[-1]), "0"))

    return st.builds(build, sizes, rates)


@pytest.mark.parametrize(
    ("quantity", "cost"),
    [
        ("0", "0"),
        ("0.5", "7"),  # 5 + flat 2
        ("10", "102"),  # the upper bound is inclusive: no second flat
        ("10.000001", "105.000005"),
        ("20", "155"),
        ("21", "160"),
        ("-5", "-50"),  # minus the price of 5, without flats
        ("-21", "-151"),
    ],
)
def test_graduated_adds_each_tier_and_the_flats_of_tiers_entered(quantity: str, cost: str) -> None:
    assert amount(TABLE, 0, D(quantity)) == F(cost)


def test_parts_show_each_tier() -> None:
    shown = [(p.tier, p.over, p.up_to, p.quantity, p.flat_fee, p.amount) for p in parts(TABLE, 0, 21)]
    assert shown == [
        (0, D(0), D(10), 10, 2, 102),
        (1, D(10), D(20), 10, 3, 53),
        (2, D(20), None, 1, 4, 5),
    ]
    assert [p.tier for p in parts(TABLE, 12, 15)] == [1]
    assert parts(TABLE, 15, 15) == ()


def test_a_flat_is_due_when_its_bound_is_passed_and_given_back_on_falling_below() -> None:
    assert amount(TABLE, 5, 10) == 50
    assert amount(TABLE, 10, 11) == 8
    assert amount(TABLE, 11, 15) == 20
    assert amount(TABLE, 11, 10) == -8
    assert amount(TABLE, 1, 0) == -12
    assert [(p.tier, p.quantity, p.flat_fee) for p in parts(TABLE, 11, 5)] == [(0, -5, 0), (1, -1, -3)]


def test_zero_usage_pays_the_first_flat_only_where_that_is_agreed() -> None:
    assert amount(TABLE, None, 0) == 0
    assert amount(TABLE, None, 0, at_zero=True) == 2
    assert amount(TABLE, None, 5, at_zero=True) == amount(TABLE, None, 5) == 52
    assert amount(TABLE, None, 10, at_zero=True) == 102  # only the first bound includes its position
    assert amount(TABLE, 0, 5, at_zero=True) == 50  # it fell due when the counter opened
    assert amount(TABLE, None, -5, at_zero=True) == -50


def test_a_price_per_unit_keeps_every_digit() -> None:
    price = unit_price("0.000000075")
    # 12345678901234567890.123456789012345678 × 0.000000075, by hand in integers
    cost = F(12345678901234567890123456789012345678 * 75, 10**18 * 10**9)
    assert amount(price, 0, D("12345678901234567890.123456789012345678")) == cost
    assert amount(price, 3, F(10, 3)) == F("0.000000075") / 3


@given(free_tables(), st.fractions(0, 200, max_denominator=100), st.fractions(0, 50))
def test_graduated_without_flats_never_falls(price: Price, at: Fraction, more: Fraction) -> None:
    assert amount(price, 0, at + more) >= amount(price, 0, at)


@given(free_tables())
def test_graduated_without_flats_is_continuous_at_its_bounds(price: Price) -> None:
    step = F(1, 10**12)
    for tier in price.tiers:
        if tier.up_to is not None:
            jump = amount(price, 0, F(tier.up_to) + step) - amount(price, 0, tier.up_to)
            assert 0 <= jump <= 50 * step


@given(NUMBERS, st.lists(NUMBERS, max_size=5), NUMBERS, st.booleans())
def test_any_way_from_one_position_to_another_costs_the_same(
    start: Fraction, through: list[Fraction], end: Fraction, at_zero: bool
) -> None:
    stops = [start, *through, end]
    whole = amount(TABLE, start, end, at_zero=at_zero)
    pieces = zip(stops, stops[1:], strict=False)
    assert sum(amount(TABLE, a, b, at_zero=at_zero) for a, b in pieces) == whole


@given(NUMBERS)
def test_below_zero_mirrors_without_flats(position: Fraction) -> None:
    assert amount(NO_FLATS, 0, -position) == -amount(NO_FLATS, 0, position)
    assert amount(TABLE, 0, -abs(position)) == -amount(NO_FLATS, 0, abs(position))


def row(model: PriceModel, *table: Any) -> Price:
    return Price(1, "x", (), model, tiers(*table), source())


@pytest.mark.parametrize(
    ("price", "fields"),
    [
        (row(PriceModel.GRADUATED, ("10", "1"), (None, "2")), []),
        (row(PriceModel.GRADUATED), ["prices[3].tiers"]),
        (row(PriceModel.GRADUATED, ("10", "1")), ["prices[3].tiers[0].up_to"]),
        (row(PriceModel.GRADUATED, ("10", "1"), ("20", "1")), ["prices[3].tiers[1].up_to"]),
        (row(PriceModel.GRADUATED, (None, "1"), ("20", "1")),
         ["prices[3].tiers[0].up_to", "prices[3].tiers[1].up_to"]),
        (row(PriceModel.GRADUATED, ("10", "1"), ("10", "1"), (None, "1")), ["prices[3].tiers[1].up_to"]),
        (row(PriceModel.GRADUATED, ("20", "1"), ("10", "1"), (None, "1")), ["prices[3].tiers[1].up_to"]),
        (row(PriceModel.GRADUATED, ("0", "1"), (None, "1")), ["prices[3].tiers[0].up_to"]),
        (row(PriceModel.GRADUATED, ("-1", "1"), (None, "1")), ["prices[3].tiers[0].up_to"]),
        (row(PriceModel.GRADUATED, ("10", "-1", "-2"), (None, "-3")),
         ["prices[3].tiers[0].unit_price", "prices[3].tiers[0].flat_fee", "prices[3].tiers[1].unit_price"]),
        (row(PriceModel.PER_UNIT, (None, "1")), []),
        (row(PriceModel.PER_UNIT, (None, "1", "5")), ["prices[3].tiers[0].flat_fee"]),
        (row(PriceModel.PER_UNIT, ("10", "1"), (None, "2")), ["prices[3].tiers"]),
    ],
)  # fmt: skip
def test_a_wrong_tier_table_is_refused_at_its_field(price: Price, fields: list[str]) -> None:
    errors = tier_errors(price, "prices[3]")
    assert [error.field for error in errors] == fields
    assert all(error.fix for error in errors)


def test_a_tier_is_open_and_free_unless_said_otherwise() -> None:
    assert Tier() == Tier(None, D(0), D(0))
