"""Prices of a contract's own, multipliers and coupons, worked out by hand: both raters, line by line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.golden.quoting import QUOTES

NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("agreed.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("by", QUOTES)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_agreed(case: dict[str, Any], by: str) -> None:
    body = case["body"]
    answer = QUOTES[by](body if "cycle" in body else {"period": NOVEMBER, **body})
    found = [_line(line) for invoice in answer["invoices"] for line in invoice["lines"]]
    assert found == [[*line[:3], *map(_number, line[3:])] for line in case["lines"]]
    assert [_number(invoice["net"]) for invoice in answer["invoices"]] == [Fraction(net) for net in case["nets"]]


def _line(line: dict[str, Any]) -> list[Any]:
    lowers = line["of"] is not None
    quantity = None if lowers else _number(line["quantity"])
    return [line["kind"], None if lowers else line["row"], line.get("override"), quantity, _number(line["amount"])]


def _number(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)
