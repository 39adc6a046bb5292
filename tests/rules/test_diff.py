"""Differences that a person reads: rows, percentages, tier tables side by side."""

from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.rules.diff import Change, Direction, difference, percent_change
from catalog.rules.drafts import ChargeTerms
from tests.rules.build import CALLS, TOKENS, card_charge, dims, graduated, unit_price

D = Decimal
INPUT, OUTPUT = dims(model="m", token_type="input"), dims(model="m", token_type="output")


def test_rows_are_matched_by_product_currency_and_values() -> None:
    old = card_charge(
        ("USD", unit_price("2.50", INPUT)),
        ("USD", unit_price("10", OUTPUT)),
        ("EUR", unit_price("2.3", INPUT)),
        metric=TOKENS,
    )
    new = card_charge(
        ("USD", unit_price("10.00", tuple(reversed(OUTPUT)), version=2)),
        ("USD", unit_price("2.00", INPUT, version=2)),
        ("USD", unit_price("5", dims(model="new"), version=2)),
        metric=TOKENS,
    )
    found = difference([old], [new])
    assert [(r.change, r.currency, r.match, r.percent, r.direction) for r in found.rows] == [
        (Change.UNCHANGED, "USD", tuple(reversed(OUTPUT)), D("0.0"), Direction.SAME),
        (Change.CHANGED, "USD", INPUT, D("-20.0"), Direction.DOWN),
        (Change.ADDED, "USD", dims(model="new"), None, Direction.SAME),
        (Change.REMOVED, "EUR", INPUT, None, Direction.SAME),
    ]
    assert [found.count(change) for change in Change] == [1, 1, 1, 1]
    changed = found.rows[1]
    assert changed.old is old.prices[0].price
    assert changed.new is new.prices[1].price
    assert changed.name == "Work"
    assert not found.is_empty
    assert found.charges == ()


def test_two_equal_versions_have_no_difference() -> None:
    old = card_charge(("USD", graduated(("10", "1"), (None, "0.5"))))
    new = card_charge(("USD", graduated(("10.0", "1.00"), (None, "0.50"), version=2)))
    assert difference([old], [new]).is_empty
    assert difference([], []).is_empty


def test_tier_tables_lie_side_by_side_over_the_bounds_of_both() -> None:
    old = card_charge(("USD", graduated(("10", "4", "1"), (None, "2"))))
    new = card_charge(("USD", graduated(("5", "4", "1"), ("20", "3"), (None, "2", "7"))))
    (row,) = difference([old], [new]).rows
    table = [
        (t.over, t.up_to, t.old_unit_price, t.new_unit_price, t.old_flat_fee, t.new_flat_fee, t.percent)
        for t in row.tiers
    ]
    assert table == [
        (0, 5, 4, 4, 1, 1, D("0.0")),
        (5, 10, 4, 3, None, 0, D("-25.0")),
        (10, 20, 2, 3, 0, None, D("50.0")),
        (20, None, 2, 2, None, 7, D("0.0")),
    ]
    assert row.percent is None
    assert row.direction is Direction.MIXED


def test_a_flat_fee_alone_is_a_direction() -> None:
    old = card_charge(("USD", graduated((None, "1", "5"))))
    new = card_charge(("USD", graduated((None, "1", "6"))))
    (row,) = difference([old], [new]).rows
    assert (row.change, row.direction, row.percent) == (Change.CHANGED, Direction.UP, D("0.0"))


def test_every_tier_changing_alike_is_one_percentage() -> None:
    old = card_charge(("USD", graduated(("10", "4"), (None, "2"))))
    new = card_charge(("USD", graduated(("10", "5"), (None, "2.5"))))
    (row,) = difference([old], [new]).rows
    assert (row.percent, row.direction) == (D("25.0"), Direction.UP)


@pytest.mark.parametrize(
    ("old", "new", "percent"),
    [
        ("3", "4", "33.3"),
        ("3", "5", "66.7"),
        ("0.000000075", "0.00000006", "-20.0"),
        ("8", "7.9960", "-0.1"),  # half away from zero
        ("2000", "2001", "0.1"),
        ("1", "0", "-100.0"),
        ("0", "1", None),
        ("0", "0", None),
    ],
)
def test_percent_to_one_place(old: str, new: str, percent: str | None) -> None:
    found = percent_change(D(old), D(new))
    assert (None if found is None else str(found)) == percent


def test_settings_of_a_charge_that_change_are_named() -> None:
    old = card_charge(("USD", unit_price("1")), metric=TOKENS)
    new = replace(
        card_charge(("USD", unit_price("1")), metric=CALLS),
        tax_category="reduced",
        terms=ChargeTerms(flat_at_zero=True),
    )
    found = difference([old], [new])
    assert [(c.product, c.what, c.old, c.new) for c in found.charges] == [
        ("work", "tax category", "standard", "reduced"),
        ("work", "metric", "tokens", "calls"),
        ("work", "flat fee at zero usage", "no", "yes"),
    ]
    assert not found.is_empty
