"""Which tax applies, why it is printed, and that it is rounded once per category and rate."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.tax import (
    OUT_OF_SCOPE,
    REVERSE_CHARGE,
    Missing,
    TaxLine,
    TaxProfile,
    TaxRate,
    Treatment,
    tax,
    treatment,
)
from billing.rules.totals import Totals, totals
from monetization.values.money import round_once

D = Decimal
TODAY = date(2026, 10, 31)
RATES = [
    TaxRate("DE", "standard", D("19.0000"), date(2007, 1, 1)),
    TaxRate("DE", "standard", D("16.0000"), date(2020, 7, 1)),
    TaxRate("DE", "standard", D("19.0000"), date(2021, 1, 1)),
    TaxRate("DE", "books", D("7.0000"), date(2007, 1, 1)),
    TaxRate("DE", "solar", D("0.0000"), date(2023, 1, 1)),
    TaxRate("FR", "standard", D("20.0000"), date(2014, 1, 1)),
    TaxRate("US", "standard", D("0.0000"), date(2000, 1, 1)),
]


@pytest.mark.parametrize(
    ("profile", "category", "percent"),
    [
        (TaxProfile("DE", "DE"), "S", "19"),
        (TaxProfile("DE", "DE", "DE123456789"), "S", "19"),
        (TaxProfile("DE", "FR"), "S", "19"),  # a consumer: the seller's rate
        (TaxProfile("DE", "FR", "FR12345678901"), "AE", "0"),
        (TaxProfile("DE", "FR", " fr 12345678901"), "AE", "0"),
        (TaxProfile("DE", "GR", "EL123456789"), "AE", "0"),
        (TaxProfile("DE", "US"), "O", "0"),
        (TaxProfile("DE", "CH", "CHE-123.456.789"), "O", "0"),
        (TaxProfile("DE", "GB", "GB123456789"), "O", "0"),
        (TaxProfile("US", "DE", "DE123456789"), "O", "0"),
        (TaxProfile("US", "US"), "Z", "0"),
        (TaxProfile("DE", "DE", "", "Exempt under § 4 UStG"), "E", "0"),
        (TaxProfile("DE", "FR", "FR12345678901", "Embassy"), "E", "0"),
    ],
)
def test_the_category_follows_from_places_ids_and_exemption(profile: TaxProfile, category: str, percent: str) -> None:
    found = treatment(profile, "standard", TODAY, RATES)
    assert isinstance(found, Treatment)
    assert (found.category, found.percent) == (category, D(percent))
    assert bool(found.reason) == (category != "S")


def test_reasons_that_are_printed() -> None:
    def reason(profile: TaxProfile) -> str:
        found = treatment(profile, "standard", TODAY, RATES)
        assert isinstance(found, Treatment)
        return found.reason

    assert reason(TaxProfile("DE", "FR", "FR12345678901")) == REVERSE_CHARGE
    assert reason(TaxProfile("DE", "JP")) == OUT_OF_SCOPE
    assert reason(TaxProfile("DE", "DE", "", "Embassy")) == "Embassy"


@pytest.mark.parametrize(
    ("profile", "category", "on", "says"),
    [
        (TaxProfile("DE", ""), "standard", TODAY, "customer's country"),
        (TaxProfile("", "DE"), "standard", TODAY, "seller's country"),
        (TaxProfile("", ""), "standard", TODAY, "seller's country"),
        (TaxProfile("IT", "IT"), "standard", TODAY, "No standard tax rate of IT"),
        (TaxProfile("DE", "DE"), "unheard-of", TODAY, "No unheard-of tax rate"),
        (TaxProfile("DE", "DE"), "standard", date(2006, 12, 31), "on 2006-12-31"),
        (TaxProfile("DE", "FR", "DE123456789"), "standard", TODAY, "not one of FR"),
        (TaxProfile("DE", "GR", "GR123456789"), "standard", TODAY, "not one of GR"),
    ],
)
def test_an_account_without_what_its_tax_needs_is_parked(
    profile: TaxProfile, category: str, on: date, says: str
) -> None:
    found = treatment(profile, category, on, RATES)
    assert isinstance(found, Missing)
    assert says in found.what
    assert found.fix
    taxes = tax([(category, D("10.00"))], profile, on=on, rates=RATES, currency="EUR")
    assert (taxes.lines, taxes.missing) == ((), (found,))


@pytest.mark.parametrize(
    ("on", "percent"),
    [
        (date(2007, 1, 1), "19"),
        (date(2020, 6, 30), "19"),
        (date(2020, 7, 1), "16"),
        (date(2020, 12, 31), "16"),
        (date(2021, 1, 1), "19"),
    ],
)
def test_a_rate_holds_from_its_date_until_the_next(on: date, percent: str) -> None:
    found = treatment(TaxProfile("DE", "DE"), "standard", on, RATES)
    assert found == Treatment("S", D(percent))


def test_tax_is_rounded_once_on_the_sum_of_a_category_and_rate() -> None:
    lines = [
        ("standard", D("0.03")),
        ("books", D("10.50")),
        ("standard", D("0.03")),
        ("solar", D("5.00")),
    ]
    taxes = tax(lines, TaxProfile("DE", "DE"), on=TODAY, rates=RATES, currency="EUR")
    assert taxes.missing == ()
    assert taxes.lines == (
        TaxLine("S", D("19"), "", D("0.06"), D("0.01")),  # two lines of 0.0057 would make 0.02
        TaxLine("S", D("7"), "", D("10.50"), D("0.74")),  # 0.735, half away from zero
        TaxLine("Z", D("0"), "Zero rate", D("5.00"), D("0.00")),
    )


def test_tax_below_zero_is_rounded_away_from_zero_too() -> None:
    taxes = tax([("books", D("-10.50"))], TaxProfile("DE", "DE"), on=TODAY, rates=RATES, currency="EUR")
    assert [str(line.amount) for line in taxes.lines] == ["-0.74"]


def test_each_missing_thing_is_said_once() -> None:
    lines = [("standard", D("1.00")), ("standard", D("2.00")), ("books", D("1.00"))]
    taxes = tax(lines, TaxProfile("IT", "IT"), on=TODAY, rates=RATES, currency="EUR")
    assert len(taxes.missing) == 2


def test_nothing_billed_is_not_taxed() -> None:
    taxes = tax([], TaxProfile("", ""), on=TODAY, rates=RATES, currency="EUR")
    assert (taxes.lines, taxes.missing) == ((), ())


def test_totals_are_the_sums_of_what_is_printed() -> None:
    found = totals([D("0.03"), D("-0.01"), D("100")], [D("19.00"), D("0.735")], "KWD")
    assert found == Totals(D("100.020"), D("19.735"), D("119.755"))
    assert [str(n) for n in (found.net, found.total)] == ["100.020", "119.755"]
    assert totals([], [], "JPY") == Totals(D(0), D(0), D(0))


@given(
    st.lists(
        st.tuples(st.sampled_from(["standard", "books"]), st.decimals(-(10**6), 10**6, places=2)),
        max_size=20,
    ),
)
def test_tax_depends_on_sums_only(lines: list[tuple[str, Decimal]]) -> None:
    profile = TaxProfile("DE", "DE")
    forward = tax(lines, profile, on=TODAY, rates=RATES, currency="EUR")
    backward = tax(lines[::-1], profile, on=TODAY, rates=RATES, currency="EUR")
    assert forward == backward
    for line in forward.lines:
        category = "standard" if line.percent == 19 else "books"
        base = sum((amount for name, amount in lines if name == category), D(0))
        assert line.base == base
        assert line.amount == round_once(Fraction(base) * Fraction(line.percent) / 100, "EUR")
