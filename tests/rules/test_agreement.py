"""The engine and the independent rater agree, line by line, on random bargains.

A seeded sample here; all 10,000 in the soak, which also holds every feature to at least 5 % of the bargains.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from billing.rules.quotes.answer import answer_of
from billing.rules.quotes.bodies import decoder
from billing.rules.quotes.quote import quote
from tests.bargains import FEATURES, bargain, features
from tests.golden.quoting import TODAY
from tests.rater import rate

SOAK = os.environ.get("SOAK") == "1"
SEEDS = range(10_000) if SOAK else range(0, 10_000, 20)
CHUNKS = 10
MEASURED = ("measured", "free", "quantity", "row", "list_exact", "exact")
WITHOUT_PRICE = ("discount", "cap", "drawdown", "true_up")
Line = dict[str, Any]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_engine_and_rater_agree_line_by_line(chunk: int) -> None:
    for seed in list(SEEDS)[chunk::CHUNKS]:
        body = bargain(seed)
        ours, theirs = _engine(body), rate(body)
        assert _lines(ours) == _lines(theirs), f"seed {seed}"
        for name in ("net", "tax", "total", "difference"):
            assert _number(ours[name]) == _number(theirs[name]), f"seed {seed}: {name}"
        assert _balances(ours) == _balances(theirs), f"seed {seed}"


def test_every_feature_is_used() -> None:
    counts = Counter(feature for seed in SEEDS for feature in features(bargain(seed)))
    for feature in sorted(FEATURES):
        print(f"{feature}: {counts[feature]} of {len(SEEDS)}")
    least = min(FEATURES, key=lambda feature: counts[feature])
    assert counts[least] >= len(SEEDS) * (5 if SOAK else 3) / 100, least


def _engine(body: dict[str, Any]) -> dict[str, Any]:
    asked = decoder.decode(json.dumps(body))
    return answer_of(quote(asked, TODAY), asked.currency, asked.booked)


def _lines(answer: dict[str, Any]) -> list[list[Line]]:
    return [[_line(line) for line in invoice["lines"]] for invoice in answer["invoices"]]


def _line(line: Line) -> Line:
    kind = line["kind"]
    names = {
        "kind": kind,
        "amount": _number(line["amount"]),
        "of": line["of"],
        "instrument": line["instrument"] or None,
    }
    if kind in WITHOUT_PRICE:
        return names
    measured = MEASURED if kind == "usage" else ("row", "list_exact", "exact")
    if kind == "usage":
        factors = [each["id"] if isinstance(each, dict) else each for each in line["multipliers"]]
        names |= {"override": line["override"], "multipliers": factors}
    return names | {"charge": line["charge"]} | {name: _number(line[name]) for name in measured}


def _balances(answer: dict[str, Any]) -> list[list[tuple[Any, ...]]]:
    names = ("before", "drawn", "expired", "after")
    return [
        [(each["id"], *(_number(each[name]) for name in names)) for each in invoice["instruments"]]
        for invoice in answer["invoices"]
    ]


def _number(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)
