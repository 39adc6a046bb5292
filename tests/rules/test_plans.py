"""Packages: read by their types, refused with the member's name, said in words, compared."""

from typing import Any

import pytest

from catalog.rules.plans.changes import changes
from catalog.rules.plans.faults import faults
from catalog.rules.plans.reading import read, written
from catalog.rules.plans.words import least_price, said
from monetization.values.errors import Invalid
from tests.packages import GROWTH

NAMES = {"api": "API calls"}


def test_what_is_read_is_written_again() -> None:
    package = read(GROWTH)
    assert written(read(written(package))) == written(package)
    assert written(package)["fees"][0]["unit_price"] == {"EUR": "450.5", "USD": "499"}
    assert faults(package) == []
    assert least_price(package, "USD") == 499 + 2 * 10


def with_first(kind: str, **members: Any) -> dict[str, Any]:
    first, *rest = GROWTH[kind]
    return GROWTH | {kind: [first | members, *rest]}


@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("fees[0].unit_price", with_first("fees", unit_price="49")),
        ("fees[0].unit_pice", with_first("fees", unit_pice={})),
        ("trial_days", GROWTH | {"trial_days": "14"}),
        ("cadence", GROWTH | {"cadence": "WEEKLY"}),
        ("bounds[0].amount", GROWTH | {"bounds": [{"key": "x", "name": "X", "kind": "MINIMUM"}]}),
        ("colour", GROWTH | {"colour": "green"}),
    ],
)
def test_what_has_the_wrong_type_is_named(field: str, document: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        read(document)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("field", "document"),
    [
        ("currencies", GROWTH | {"currencies": []}),
        ("currencies[0]", GROWTH | {"currencies": ["EURO", "EUR", "USD"]}),
        ("currencies[2]", GROWTH | {"currencies": ["EUR", "USD", "USD"]}),
        ("fees[0].unit_price.USD", with_first("fees", unit_price={"EUR": "450"})),
        ("fees[0].unit_price.GBP", with_first("fees", unit_price={"EUR": "1", "USD": "1", "GBP": "1"})),
        ("fees[0].unit_price.EUR", with_first("fees", unit_price={"EUR": "-1", "USD": "1"})),
        ("fees[0].unit_price.EUR", with_first("fees", unit_price={"EUR": "1e400", "USD": "1"})),
        ("fees[0].unit_price.EUR", with_first("fees", unit_price={"EUR": "NaN", "USD": "1"})),
        ("fees[0].unit_price", with_first("fees", unit_price={})),
        ("fees[0].key", with_first("fees", key="No key")),
        ("fees[1].key", GROWTH | {"fees": [GROWTH["fees"][0]] * 2}),
        ("fees[0].name", with_first("fees", name=" ")),
        ("allowances[0].per", with_first("allowances", per="chairs")),
        ("allowances[0].units", with_first("allowances", units="0")),
        ("limits[0].metric", with_first("limits", amount={"EUR": "1", "USD": "1"})),
        ("limits[0].most", with_first("limits", most=None)),
        ("limits[0].thresholds[0]", with_first("limits", thresholds=[0])),
        ("grants[0].amount.EUR", with_first("grants", amount={"EUR": "1.001", "USD": "1"})),
        ("grants[0].days", with_first("grants", months=1, days=1)),
        ("discounts[0].percent", with_first("discounts", percent="101")),
        ("discounts[0].percent", with_first("discounts", percent="1.00001")),
        ("discounts[0].percent", with_first("discounts", amount={"EUR": "1", "USD": "1"})),
        ("bounds[1].amount.EUR", GROWTH | {"bounds": [
            {"key": "a", "name": "A", "kind": "MINIMUM", "amount": {"EUR": "10", "USD": "10"}},
            {"key": "b", "name": "B", "kind": "MAXIMUM", "amount": {"EUR": "9", "USD": "10"}}]}),
        ("anchor_day", GROWTH | {"anchor": "day"}),
        ("anchor_day", GROWTH | {"anchor_day": 5}),
        ("trial_days", GROWTH | {"trial_days": -1}),
        ("term_months", GROWTH | {"term_months": 0}),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_member_and_a_fix(field: str, document: dict[str, Any]) -> None:
    found = faults(read(document))
    assert field in [error.field for error in found]
    assert all(error.fix for error in found)


def test_it_is_said_in_words() -> None:
    assert [(each.section, each.what, each.words) for each in said(read(GROWTH), NAMES)] == [
        ("Terms", "Currencies", "EUR, USD"),
        ("Terms", "Billed", "each month, by the calendar; due 30 days after the invoice"),
        ("Terms", "Trial", "14 days, free of everything"),
        ("Terms", "Term", "12 months after the trial"),
        ("Fees", "Platform fee", "EUR 450.50 / USD 499.00 each period, in advance"),
        ("Fees", "Seats", "2 × EUR 9.00 / USD 10.00 each period, in advance"),
        ("Free units", "Free calls", "1,000 priced units of API calls free each period for each unit of Seats, pooled"),
        ("Limits", "Calls a day", "refused beyond 5,000 units of calls a day; told at 80 %, 100 %"),
        ("Limits", "Spend", "warned beyond EUR 900.00 / USD 1,000.00 of spend a billing period"),
        ("Credits", "Welcome", "EUR 50.00 / USD 50.00 of credit on API calls, valid 6 months"),
        ("Discounts", "Launch", "12.5 % off on API calls"),
        ("Minimums and maximums", "Floor", "at least EUR 100.00 / USD 110.00 a period"),
    ]


def test_a_difference_names_what_was_added_removed_and_changed() -> None:
    new = GROWTH | {
        "trial_days": 30,
        "fees": [GROWTH["fees"][0] | {"name": "Base fee"}],
        "allowances": [],
        "one_time": [
            {"key": "setup", "name": "Set-up", "product": "api", "unit_price": {"EUR": "99", "USD": "99"}},
        ],
    }
    found = changes(said(read(GROWTH), NAMES), said(read(new), NAMES))
    moved = [(each.kind, each.what, each.old, each.new) for each in found if each.kind != "same"]
    words = "EUR 450.50 / USD 499.00 each period, in advance"
    assert moved == [
        ("changed", "Trial", "14 days, free of everything", "30 days, free of everything"),
        ("changed", "Base fee", f"“Platform fee”: {words}", f"“Base fee”: {words}"),
        ("added", "Set-up", "", "EUR 99.00 / USD 99.00 once, on the first paid day"),
        ("removed", "Seats", "2 × EUR 9.00 / USD 10.00 each period, in advance", ""),
        ("removed", "Free calls",
         "1,000 priced units of API calls free each period for each unit of Seats, pooled", ""),
    ]  # fmt: skip
