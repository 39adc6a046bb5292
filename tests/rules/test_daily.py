"""Cost by day: days sum to the lines, tiers and price changes included; and the run rate."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.daily import by_day, expected, pieces
from billing.rules.rating import rate
from catalog.rules.terms import (
    Aggregation,
    Charge,
    Discount,
    Measure,
    MetricTerms,
    Price,
    PriceModel,
    Segment,
    Source,
    Terms,
    Tier,
)
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period, days_of

D = Decimal
BERLIN = "Europe/Berlin"
OCTOBER = Period(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))
CHANGE = datetime(2026, 10, 15, 10, 30, tzinfo=UTC)
CALLS = MetricTerms("calls", 7, 1, "call", Aggregation.SUM, (Measure("n"),), unit="call")
MODEL_A, MODEL_B = (("model", "a"),), (("model", "b"),)


def price(row: int, match: tuple[tuple[str, str], ...], *tiers: Tier) -> Price:
    return Price(row, str(row), match, PriceModel.GRADUATED, tiers, Source("card", 1, 1))


def charge(*prices: Price) -> Charge:
    return Charge("api", "API", "standard", CALLS, "EUR", prices)


OLD = charge(price(1, MODEL_A, Tier(D(100), D("0.10")), Tier(None, D("0.07"))), price(2, (), Tier(None, D("0.333"))))
NEW = charge(price(3, MODEL_A, Tier(D(100), D("0.10")), Tier(None, D("0.05"))), price(4, (), Tier(None, D("0.333"))))
TERMS = Terms(
    "acme-1",
    "EUR",
    BERLIN,
    OCTOBER,
    (
        Segment(Period(OCTOBER.starts_at, CHANGE), (OLD,)),
        Segment(Period(CHANGE, OCTOBER.ends_at), (NEW,)),
    ),
    (Discount(D(10), "tenth", "10 % off"),),
)


def test_days_are_local_and_tile_the_period() -> None:
    days = days_of(OCTOBER, BERLIN)
    assert (days[0].date, days[-1].date, len(days)) == (date(2026, 10, 1), date(2026, 10, 31), 31)
    assert days[24].period.ends_at - days[24].period.starts_at == timedelta(hours=25)  # the clocks go back
    assert [a.period.ends_at for a in days[:-1]] == [b.period.starts_at for b in days[1:]]


def test_a_day_is_cut_where_the_terms_change() -> None:
    cut = pieces(TERMS, days_of(OCTOBER, BERLIN))
    assert len(cut) == 32
    assert [(piece.day, piece.segment) for piece in cut if piece.day == 14] == [(14, 0), (14, 1)]


def test_each_day_costs_what_it_adds() -> None:
    days = days_of(OCTOBER, BERLIN)
    cut = pieces(TERMS, days)
    on = {(piece.day, piece.segment): number for number, piece in enumerate(cut)}
    usage = [
        UsageRow(7, on[0, 0], MODEL_A, D(60)),  # 60 × 0.10 × 0.9 = 5.40
        UsageRow(7, on[1, 0], MODEL_A, D(60)),  # 40 × 0.10 + 20 × 0.07, × 0.9 = 4.86
        UsageRow(7, on[1, 0], MODEL_B, D(1)),  # 0.333 × 0.9 = 0.30
        UsageRow(7, on[14, 1], MODEL_A, D(10)),  # entered at position 120: 10 × 0.05 × 0.9 = 0.45
    ]
    costs = by_day(TERMS, cut, usage, len(days))
    assert {day: cost for day, cost in enumerate(costs) if cost} == {0: D("5.40"), 1: D("5.16"), 14: D("0.45")}


@given(st.lists(st.tuples(st.integers(0, 31), st.sampled_from([MODEL_A, MODEL_B]), st.integers(1, 90)), max_size=40))
def test_days_sum_to_the_lines(drawn: list[tuple[int, tuple[tuple[str, str], ...], int]]) -> None:
    days = days_of(OCTOBER, BERLIN)
    cut = pieces(TERMS, days)
    usage = [UsageRow(7, piece, dims, D(n)) for piece, dims, n in drawn]
    whole = [UsageRow(7, cut[row.segment].segment, row.dims, row.quantity) for row in usage]
    assert sum(by_day(TERMS, cut, usage, len(days))) == sum(line.amount for line in rate(TERMS, whole).lines)


@pytest.mark.parametrize(
    ("hours", "figure"),
    [
        (23, None),
        (24, D("310.42")),
        (D("24.9"), D("310.42")),
        (24 * 10, D("31.04")),
        (31 * 24 + 1, D("10.00")),
        (9999, D("10.00")),
    ],
)
def test_the_run_rate_is_so_far_by_full_hours_passed(hours: Decimal, figure: Decimal | None) -> None:
    """October in Berlin has 745 hours: 10.00 ÷ 24 h × 745 h = 310.4166…"""
    assert expected(D("10.00"), OCTOBER, OCTOBER.starts_at + timedelta(minutes=int(hours * 60)), "EUR") == figure
