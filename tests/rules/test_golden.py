"""Golden cases of other billing systems through our rating; the adapter knows no case by name."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from billing.rules.rated import Rating
from billing.rules.rating import rate
from billing.rules.tax import TaxProfile, TaxRate, tax
from billing.rules.totals import totals
from catalog.rules.terms import Aggregation, Measure, MetricTerms, PriceModel, Rounding, Tier
from metering.rules.aggregate import readings
from metering.rules.quantities import converted
from monetization.values.money import round_once, total_of
from tests.rules.build import PLAIN, charge, graduated, terms, tiers, used

D, F = Decimal, Fraction
Case = dict[str, Any]
GOLDEN = Path(__file__).parent.parent / "golden"


def cases(name: str) -> list[Any]:
    found = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["id"]) for case in found]


def metric_of(case: Case) -> MetricTerms:
    how = case.get("rounding")
    return replace(
        PLAIN,
        divisor=D(case.get("divisor", "1")),
        rounding=Rounding(how) if how else None,
        digits=case.get("digits", 0),
    )


def rated(case: Case, position: str) -> Rating:
    metric = metric_of(case)
    price = graduated(*case["tiers"])
    table: tuple[Tier, ...] = tiers(*map(tuple, case["tiers"]))
    alone = len(table) == 1 and not table[0].flat_fee
    price = replace(price, tiers=table, model=PriceModel.PER_UNIT if alone else price.model)
    agreed = charge(
        price,
        metric=metric,
        currency=case.get("currency", "USD"),
        flat_at_zero=case.get("flat_at_zero", False),
    )
    return rate(terms([agreed]), [used(position, metric=metric)])


def cost(case: Case, position: str) -> Fraction | Decimal:
    lines = rated(case, position).lines
    if case.get("rounded"):
        return total_of(line.amount for line in lines)
    return sum((line.exact for line in lines), F(0))


@pytest.mark.parametrize("case", cases("prices"))
def test_prices(case: Case) -> None:
    positions: Sequence[str] = case["positions"]
    costs = [cost(case, position) for position in positions]
    bills = [F(now) - F(before) for now, before in zip(costs, [F(0), *costs], strict=False)]
    for bill, amount in zip(bills, case["amounts"], strict=True):
        assert amount is None or bill == F(amount)
    lines = rated(case, positions[-1]).lines
    if "quantity" in case:
        assert [line.quantity for line in lines] == [F(case["quantity"])]
    if "steps" in case:
        steps = [step for line in lines for step in line.steps]
        shown = [(s.quantity, s.exact - F(s.flat_fee), F(s.flat_fee)) for s in steps]
        assert shown == [tuple(map(F, row)) for row in case["steps"]]


@pytest.mark.parametrize("case", cases("roundings"))
def test_roundings(case: Case) -> None:
    if "total" in case:
        assert converted(metric_of(case), F(case["total"])) == F(case["quantity"])
    else:
        amounts = [round_once(D(exact), case["currency"]) for exact in case["exact"]]
        assert total_of(amounts) == D(case["amount"])


@pytest.mark.parametrize("case", cases("taxes"))
def test_taxes(case: Case) -> None:
    on = date(2026, 10, 31)
    rates = [TaxRate("XX", "standard", D(case.get("percent", "0")), date(2000, 1, 1))]
    lines = [("standard", D(line)) for line in case["lines"]]
    profile = TaxProfile("XX", "XX", exempt=case.get("exempt", ""))
    taxes = tax(lines, profile, on=on, rates=rates, currency=case["currency"])
    due = [line.amount for line in taxes.lines]
    assert total_of(due) == D(case["tax"])
    if "total" in case:
        sums = totals([amount for _, amount in lines], due, case["currency"])
        assert sums.total == D(case["total"])


@pytest.mark.parametrize("case", cases("sums"))
def test_sums(case: Case) -> None:
    metric = MetricTerms("m", 1, 1, "e", Aggregation.SUM, (Measure(case["field"]),))
    data: list[Case] = []
    for value in case["values"]:
        nested: Any = value
        for key in reversed(case["field"].split(".")):
            nested = {key: nested}
        data.append(nested)
    found = [reading.quantity for each in data for reading in readings(metric, each)]
    assert total_of(found) == D(case["quantity"])
