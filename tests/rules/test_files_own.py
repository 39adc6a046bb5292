"""Rows of contracts' own prices: tiers below each other are one price; what they say must fit together."""

from decimal import Decimal

import pytest

from catalog.rules.files.opened import sheets_in
from catalog.rules.files.own_columns import OWN_BOOK
from catalog.rules.files.own_prices import merged
from catalog.rules.files.previews import tariff_cell
from catalog.rules.files.records import records_in
from catalog.rules.tariffs import WrittenModel, tiered
from catalog.rules.terms import Tier

D = Decimal
HEAD = "part,contract,key,name,product,model,up_to,unit_price,factor,tags,match.model"
ROWS = f"""{HEAD}
overrides,c,big,Big,api,GRADUATED,100,4,,,gpt
overrides,c,big,Big,api,GRADUATED,,3,,,gpt
overrides,c,small,Small,api,,,2,,,
multipliers,c,off,Off,,,,,0.82,"fast, new",gpt
"""


def test_tiers_of_a_price_become_one() -> None:
    read = records_in(sheets_in(ROWS.encode()), OWN_BOOK)
    records, faults = merged(read.records)
    assert (read.faults, faults) == ((), [])
    big, small, off = records
    assert big.values["tariff"] == tiered([Tier(D(100), D(4)), Tier(None, D(3))], WrittenModel.GRADUATED)
    assert (big.values["match"], len(big.tiers), small.values["match"]) == ({"model": "gpt"}, 2, {})
    assert (off.values["factor"], off.values["tags"], off.values["match"]) == (
        D("0.82"), ("fast", "new"), {"model": "gpt"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("second", "column"),
    [
        ("overrides,c,big,Other,api,GRADUATED,,3,,,gpt", "name"),
        ("overrides,c,big,Big,web,GRADUATED,,3,,,gpt", "product"),
        ("overrides,c,big,Big,api,VOLUME,,3,,,gpt", "model"), ("overrides,c,big,Big,api,GRADUATED,,3,,,claude", ""),
    ],
)  # fmt: skip
def test_tiers_that_contradict_each_other(second: str, column: str) -> None:
    first = "overrides,c,big,Big,api,GRADUATED,100,4,,,gpt"
    _, faults = merged(records_in(sheets_in(f"{HEAD}\n{first}\n{second}".encode()), OWN_BOOK).records)
    assert [(fault.row, fault.column) for fault in faults] == [(3, column)]


def test_a_row_that_cannot_be_read_takes_its_price_out_and_no_other() -> None:
    records, faults = merged(records_in(sheets_in(ROWS.replace(",,3,", ",,x,").encode()), OWN_BOOK).records)
    assert faults == []
    assert [(record.values["key"], record.is_whole) for record in records] == [
        ("big", False), ("big", False), ("small", True), ("off", True),
    ]  # fmt: skip


def test_prices_that_differ_are_never_said_alike() -> None:
    steps = [Tier(D(bound), D(5)) for bound in (1, 2, 3, 4, 5)]
    one = tiered([*steps, Tier(None, D(1))], WrittenModel.GRADUATED)
    other = tiered([*steps, Tier(None, D(2))], WrittenModel.GRADUATED)
    assert tariff_cell(one) != tariff_cell(other)
    assert tariff_cell(one).startswith("Graduated tiers: up_to 1 unit_price 5")
