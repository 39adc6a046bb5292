"""Prices as people write and read them: members, words, examples, warnings."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.rules.tariff_warnings import tariff_warnings
from catalog.rules.tariff_words import costs, words_of
from catalog.rules.written import said_of, tariff_in
from monetization.values.errors import Invalid

D = Decimal
TWO = ({"up_to": D(1000), "unit_price": D(4)}, {"unit_price": D(3)})
FLATS = ({"up_to": D(100), "flat_fee": D(10)}, {"flat_fee": D(20)})
CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"unit_price": D("2.5")}, "2.50 per unit", "2500"),
    ({"tiers": TWO}, "4.00 up to 1,000, 3.00 above", "4000"),
    ({"model": "GRADUATED", "tiers": ({"unit_price": D(4), "block_size": D(300), "flat_fee": D(5)},)},
     "4.00 per 300 + 5.00 flat", "21"),
    ({"model": "VOLUME", "tiers": TWO}, "all units at 4.00 up to 1,000, 3.00 above", "4000"),
    ({"model": "VOLUME", "tiers": TWO, "retroactive": True},
     "all units at 4.00 up to 1,000, 3.00 above, units of earlier periods too", "4000"),
    ({"model": "PACKAGE", "package_size": D(300), "package_price": D(5)}, "5.00 per package of 300, rounded up", "20"),
    ({"model": "PACKAGE", "package_size": D(300), "package_price": D(5), "rounding": "down"},
     "5.00 per package of 300, rounded down", "15"),
    ({"model": "TIERED_FLAT", "tiers": FLATS}, "10.00 flat up to 100, 20.00 flat above", "20"),
    ({"model": "PERCENTAGE", "percent": D("2.9"), "fixed_fee": D("0.3"), "minimum_fee": D("0.5")},
     "2.9 % + 0.30 each, at least 0.50", "29.3"),
    ({"model": "PERCENTAGE", "percent": D(1), "maximum_fee": D(5), "free_events": D(0), "free_amount": D(9)},
     "1 % each, at most 5.00, the first 0 events or 9.00 free", "5"),
    ({"model": "GRADUATED_PERCENTAGE", "tiers": ({"up_to": D(100), "percent": D("2.5")}, {"percent": D(1)})},
     "2.5 % up to 100, 1 % above", "11.5"),
    ({"model": "DYNAMIC"}, "each event's own amount × 1", "1000"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "words", "thousand"), CASES)
def test_a_price_is_said_in_one_line_and_read_as_it_was_written(said: Any, words: str, thousand: str) -> None:
    tariff = tariff_in(said)
    assert words_of(tariff, "unit", "EUR") == words
    assert [cost for _, cost in costs(tariff, [D(1000)])] == [D(thousand)]
    assert tariff_in(said_of(tariff)) == tariff


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "p.unit_price"), ({"unit_price": D(1), "tiers": TWO}, "p.unit_price"), ({"percent": D(1)}, "p.model"),
        ({"model": "PACKAGE", "package_size": D(1)}, "p.package_price"), ({"model": "VOLUME"}, "p.tiers"),
        ({"model": "PER_UNIT", "unit_price": D(1), "package_size": D(1)}, "p.package_size"),
        ({"model": "GRADUATED_PERCENTAGE", "tiers": TWO}, "p.tiers[0].unit_price"),
        ({"model": "PERCENTAGE", "fixed_fee": D(1)}, "p.percent"),
    ],
)  # fmt: skip
def test_what_a_model_lacks_or_has_no_use_for_is_named(said: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        tariff_in(said, "p")
    assert refused.value.field == field


def test_a_cliff_is_told() -> None:
    found = tariff_warnings(tariff_in({"model": "VOLUME", "tiers": TWO}))
    assert [each.message for each in found] == [
        "One more unit than 1,000 costs less in total: 3,003.00 instead of 4,000.00."
    ]
    assert tariff_warnings(tariff_in({"tiers": TWO})) == []
    falling = {"model": "TIERED_FLAT", "tiers": (FLATS[1] | {"up_to": D(5)}, {"flat_fee": D(1)})}
    assert len(tariff_warnings(tariff_in(falling))) == 1
    assert len(tariff_warnings(tariff_in({"model": "PERCENTAGE", "percent": D(101)}))) == 1
