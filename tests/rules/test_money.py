"""Money: minor units, one rounding half away from zero, allocation that loses nothing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monetization.values.errors import Invalid
from monetization.values.money import (
    Money,
    allocate,
    exact_of,
    finite,
    minor_digits,
    plain,
    round_half_away,
    round_once,
    shares,
    total_of,
)

D, F = Decimal, Fraction
CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CLF", "GBP"])
AMOUNTS = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=10**7)


@pytest.mark.parametrize(
    ("currency", "digits"),
    # CLDR shows ISK with 0 as ISO does, but IRR, UGX and COP differ: COP has 2 in ISO 4217.
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("COP", 2), ("UGX", 0), ("CLF", 4), ("BHD", 3)],
)
def test_minor_units_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("currency", ["", "usd", "XXZ", "XAU", "EURO", "€"])
def test_what_is_no_currency_is_refused_at_the_field(currency: str) -> None:
    with pytest.raises(Invalid) as refusal:
        minor_digits(currency)
    assert refusal.value.field == "currency"


@pytest.mark.parametrize(
    ("exact", "currency", "rounded"),
    [
        (D("0.005"), "USD", "0.01"),
        (D("-0.005"), "USD", "-0.01"),
        (D("0.0049999999999999999999999999999"), "USD", "0.00"),
        (F(1, 3), "USD", "0.33"),
        (F(2, 3), "EUR", "0.67"),
        (F(-2, 3), "EUR", "-0.67"),
        (D("0.5"), "JPY", "1"),
        (D("-1.5"), "JPY", "-2"),
        (D("2.5"), "JPY", "3"),
        (D("1.0005"), "KWD", "1.001"),
        (D("12345678901234567890123456789012345.675"), "USD", "12345678901234567890123456789012345.68"),
        (7, "USD", "7.00"),
    ],
)
def test_rounds_once_half_away_from_zero(exact: Decimal | Fraction | int, currency: str, rounded: str) -> None:
    assert str(round_once(exact, currency)) == rounded


@pytest.mark.parametrize("wrong", [0.1, 1.0, True, "1", None])
def test_anything_but_an_exact_number_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        round_once(wrong, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(wrong, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_finite_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Money(D(wrong), "USD")
    assert refusal.value.field == "amount"


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [("1250", -2, "1300"), ("1249", -2, "1200"), ("-1250", -2, "-1300"), ("0.25", 1, "0.3")],
)
def test_digits_may_be_negative(value: str, digits: int, rounded: str) -> None:
    assert str(round_half_away(D(value), digits)) == rounded


@given(AMOUNTS, CURRENCIES)
def test_rounding_moves_by_at_most_half_a_unit_and_mirrors_below_zero(exact: Fraction, currency: str) -> None:
    rounded, unit = round_once(exact, currency), F(1, 10 ** minor_digits(currency))
    assert abs(F(rounded) - exact) <= unit / 2
    assert round_once(-exact, currency) == -rounded
    if abs(F(rounded) - exact) == unit / 2:
        assert abs(rounded) > abs(exact)


def test_money_keeps_whole_minor_units_of_one_currency() -> None:
    assert str(Money(D("1.5"), "USD")) == "1.50 USD"
    assert Money(D("1.5"), "USD") + Money(D("0.01"), "USD") == Money(D("1.51"), "USD")
    assert Money(D("1"), "USD") - Money(D("2"), "USD") == -Money(D("1"), "USD")
    assert Money(D("1"), "JPY") < Money(D("2"), "JPY") <= Money(D("2"), "JPY")
    assert not Money.zero("EUR")


def test_money_refuses_more_digits_than_the_currency_has() -> None:
    with pytest.raises(Invalid) as refusal:
        Money(D("1.001"), "USD")
    assert (refusal.value.field, refusal.value.fix) == ("amount", "Round it to 2 decimal places")
    assert Money(D("1.000"), "JPY").amount == D(1)


def test_money_refuses_to_mix_currencies() -> None:
    usd, eur = Money(D(1), "USD"), Money(D(1), "EUR")
    for mix in (lambda: usd + eur, lambda: usd - eur, lambda: usd < eur):
        with pytest.raises(Invalid) as refusal:
            mix()
        assert refusal.value.field == "currency"
    assert usd != eur


def test_sums_keep_every_digit() -> None:
    big = D("99999999999999999999999999999999999.99")
    assert total_of([big, D("0.01")]) == D("100000000000000000000000000000000000.00")
    assert (Money(big, "USD") + Money(D("0.01"), "USD")).amount == D("1E+35")


@pytest.mark.parametrize(
    ("total", "weights", "currency", "split"),
    [
        ("10.00", [1, 1, 1], "USD", ["3.34", "3.33", "3.33"]),
        ("-10.00", [1, 1, 1], "USD", ["-3.34", "-3.33", "-3.33"]),
        ("0.01", [1, 1], "USD", ["0.01", "0.00"]),
        ("100", [1, 2, 4], "JPY", ["14", "29", "57"]),
        ("1.000", [F(1, 3), F(2, 3)], "KWD", ["0.333", "0.667"]),
        ("5.00", [0, 1], "USD", ["0.00", "5.00"]),
        ("0.00", [0, 0], "USD", ["0.00", "0.00"]),
        ("0.00", [], "USD", []),
    ],
)
def test_allocates_by_largest_remainder_ties_to_the_earlier(
    total: str, weights: list[int], currency: str, split: list[str]
) -> None:
    assert [str(part) for part in allocate(D(total), weights, currency)] == split


def test_nothing_to_allocate_by_is_refused() -> None:
    with pytest.raises(Invalid):
        allocate(D("1.00"), [0, 0], "USD")


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30), CURRENCIES)
def test_allocation_loses_nothing_and_stays_within_a_unit(units: int, weights: list[int], currency: str) -> None:
    digits = minor_digits(currency)
    total, whole = round_once(F(units, 10**digits), currency), sum(weights)
    if whole == 0:
        return
    split = allocate(total, weights, currency)
    assert sum(split) == total
    for part, weight in zip(split, weights, strict=True):
        assert abs(F(part) - F(total) * weight / whole) < F(1, 10**digits)
    assert allocate(-total, weights, currency) == [-part for part in split]


@given(st.lists(AMOUNTS, min_size=1, max_size=20), CURRENCIES)
def test_shares_of_a_rounded_sum_lose_nothing(parts: list[Fraction], currency: str) -> None:
    total = round_once(sum(parts, F(0)), currency)
    split = shares(total, parts, currency)
    assert sum(split) == total
    unit = F(1, 10 ** minor_digits(currency))
    assert all(abs(F(share) - part) < unit for share, part in zip(split, parts, strict=True))


def test_shares_that_nearly_cancel_stay_recognisable() -> None:
    split = shares(D("0.01"), [F(1000), F("-999.995")], "USD")
    assert [str(part) for part in split] == ["1000.00", "-999.99"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("7.5E-8"), "0.000000075"),
        (D("1E+3"), "1000"),
        (D("-0.50"), "-0.5"),
        (D("-0"), "0"),
        (F(1, 31), "1/31"),
        (F(-5, 4), "-1.25"),
        (0, "0"),
    ],
)
def test_numbers_are_written_plainly(value: Decimal | Fraction | int, text: str) -> None:
    assert plain(value) == text
    assert exact_of(text) == F(value)


def test_a_fraction_that_ends_is_a_decimal() -> None:
    assert finite(F(1, 8)) == D("0.125")
    assert finite(F(1, 3)) is None


@given(AMOUNTS)
def test_what_is_written_reads_back(value: Fraction) -> None:
    assert exact_of(plain(value)) == value
