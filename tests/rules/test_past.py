"""Counters that go on from earlier periods: what a period costs then, from the time before it or from its positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.rules.rating import rate
from catalog.rules.terms import (
    Aggregation,
    Charge,
    Dims,
    Earlier,
    MetricTerms,
    Price,
    PriceModel,
    Reset,
    Rounding,
    Segment,
    Terms,
)
from metering.rules.quantities import UsageRow
from metering.rules.states import State
from monetization.values.periods import Period
from tests.rules.build import DAY, PLAIN, START, TOKENS, D, charge, dims, graduated, tiers

STEPS = tiers(("10", "3"), ("25", "2", "7"), (None, "1", "9"))
MODELS = [PriceModel.GRADUATED, PriceModel.VOLUME, PriceModel.TIERED_FLAT, PriceModel.PACKAGE]
MONTH = timedelta(days=30)


def month(number: int) -> Period:
    return Period(START + MONTH * number, START + MONTH * (number + 1))


def row_of(model: PriceModel, match: Dims = ()) -> Price:
    if model is PriceModel.PACKAGE:
        table = (replace(tiers((None, "5"))[0], block_size=D(7)),)
        return replace(graduated((None, "1"), match=match), model=model, tiers=table, packages=Rounding.UP)
    table = tuple(replace(each, unit_price=D(0)) for each in STEPS) if model is PriceModel.TIERED_FLAT else STEPS
    return replace(graduated((None, "1"), match=match), model=model, tiers=table)


def terms_of(number: int, mine: Charge, cuts: int = 1) -> Terms:
    """Make the terms of a month whose counters go on from all months before, each cut so often."""
    bare = replace(mine, prices=())
    earlier = [
        Earlier(piece, (bare,), "deal", month(each))
        for each in range(number)
        for piece in month(each).cut([month(each).starts_at + DAY * 7 * n for n in range(1, cuts)])
    ]
    return Terms("deal", "EUR", "UTC", month(number), (Segment(month(number), (mine,)),), earlier=tuple(earlier))


def cost(terms: Terms, usage: Sequence[UsageRow]) -> Fraction:
    return sum((line.exact for line in rate(terms, usage).lines), Fraction(0))


def used(metric: MetricTerms, segment: int, quantity: Decimal, match: Dims = ()) -> UsageRow:
    return UsageRow(metric.version_id, segment, match, quantity, 1)


quantities = st.lists(st.decimals("0", "30", places=1), min_size=1, max_size=5)


@pytest.mark.parametrize("model", [PriceModel.GRADUATED, PriceModel.TIERED_FLAT, PriceModel.PACKAGE])
@settings(max_examples=60, deadline=None)
@given(each=quantities)
def test_months_that_go_on_from_each_other_cost_what_all_of_them_do_at_once(
    model: PriceModel, each: list[Decimal]
) -> None:
    mine = replace(charge(row_of(model), metric=PLAIN), tier_reset=Reset.CONTRACT_TERM)
    months = [
        cost(
            terms_of(number, mine),
            [used(PLAIN, 0, each[number]), *(used(PLAIN, 1 + past, each[past]) for past in range(number))],
        )
        for number in range(len(each))
    ]
    once = cost(terms_of(0, mine), [used(PLAIN, 0, sum(each, D(0)))])
    assert sum(months, Fraction(0)) == once


@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=60, deadline=None)
@given(before=quantities, now=st.decimals("0", "30", places=1))
def test_earlier_usage_is_what_a_position_says(model: PriceModel, before: list[Decimal], now: Decimal) -> None:
    mine = replace(charge(row_of(model), metric=PLAIN), tier_reset=Reset.LIFETIME)
    usage = [used(PLAIN, 1 + number, quantity) for number, quantity in enumerate(before)]
    going = cost(terms_of(len(before), mine), [used(PLAIN, 0, now), *usage])
    told = replace(mine, position=sum(before, D(0)))
    assert going == cost(terms_of(0, told), [used(PLAIN, 0, now)])
    assert [line.usage for line in rate(terms_of(len(before), mine), [used(PLAIN, 0, now), *usage]).lines] == (
        [(used(PLAIN, 0, now),)] if now else []
    )


def test_each_counter_stands_where_its_own_usage_brought_it() -> None:
    metric = replace(TOKENS, divisor=D(1))
    wide, exact = row_of(PriceModel.GRADUATED), row_of(PriceModel.GRADUATED, dims(model="b"))
    mine = replace(charge(wide, exact, metric=metric), tier_reset=Reset.CONTRACT_TERM)
    a, b = dims(model="a", token_type="input"), dims(model="b", token_type="input")
    before = [used(metric, 1, D(10), a), used(metric, 1, D(24), b)]
    assert cost(terms_of(1, mine), [used(metric, 0, D(1), a), *before]) == 2 + 7  # above 10: a new tier, and its fee
    assert cost(terms_of(1, mine), [used(metric, 0, D(1), b), *before]) == 2  # 24 → 25
    apart = replace(charge(wide, metric=metric), tier_reset=Reset.CONTRACT_TERM, tier_by=("model",))
    assert cost(terms_of(1, apart), [used(metric, 0, D(1), b), *before]) == 2
    joint = replace(apart, tier_by=())
    assert cost(terms_of(1, joint), [used(metric, 0, D(1), b), *before]) == 1  # 34 → 35


def test_a_reset_reaches_as_far_as_it_says() -> None:
    mine = charge(row_of(PriceModel.GRADUATED), metric=PLAIN)
    terms = terms_of(2, mine)
    first, second = terms.earlier
    terms = replace(terms, earlier=(replace(first, contract="an earlier deal"), second))
    usage = [used(PLAIN, 0, D(1)), used(PLAIN, 1, D(20)), used(PLAIN, 2, D(9))]

    def told(reset: Reset) -> Fraction:
        kept = Segment(terms.period, (replace(mine, tier_reset=reset),))
        return cost(replace(terms, segments=(kept,)), usage)

    assert [told(each) for each in Reset] == [3, 3, 1]  # at 0, at 9, at 29
    assert told(Reset.CONTRACT_TERM) == cost(terms_of(0, replace(mine, position=D(9))), usage[:1])


def test_earlier_periods_are_converted_each_by_itself_and_leave_out_their_free_units() -> None:
    metric = replace(PLAIN, rounding=Rounding.UP)
    mine = replace(charge(row_of(PriceModel.GRADUATED), metric=metric), tier_reset=Reset.CONTRACT_TERM)
    usage = [used(metric, 0, D(1)), used(metric, 1, D("4.1")), used(metric, 2, D("4.1"))]
    assert cost(terms_of(2, mine), usage) == cost(terms_of(0, replace(mine, position=D(10))), usage[:1])  # 5 + 5
    free = replace(mine, free_units=D(3))
    assert cost(terms_of(2, free), [used(metric, 0, D(4)), *usage[1:]]) == 3  # at 4: the fourth unit is at 3
    assert cost(terms_of(2, free), [used(metric, 0, D(10)), *usage[1:]]) == 7 * 3 - 3 + 2 + 7


def test_a_cut_inside_an_earlier_period_changes_nothing() -> None:
    metric = replace(PLAIN, aggregation=Aggregation.MAX, rounding=Rounding.UP)
    mine = replace(charge(row_of(PriceModel.GRADUATED), metric=metric), tier_reset=Reset.CONTRACT_TERM)
    cut = terms_of(2, mine, cuts=2)

    def most(segment: int, quantity: str) -> UsageRow:
        return replace(used(metric, segment, D(quantity)), state=State(D(quantity), 1))

    usage = [most(0, "1"), most(1, "3.2"), most(2, "5.5"), most(3, "4"), most(4, "2")]  # the most: 6 and 4
    assert cost(cut, usage) == cost(terms_of(0, replace(mine, position=D(10))), [most(0, "1")]) == 2 + 7


def test_the_fee_at_zero_is_due_once() -> None:
    mine = replace(
        charge(graduated(("5", "1", "9"), (None, "1")), metric=PLAIN),
        tier_reset=Reset.CONTRACT_TERM, flat_at_zero=True,
    )  # fmt: skip
    nothing: list[Any] = []
    assert cost(terms_of(0, mine), nothing) == 9
    assert cost(terms_of(1, mine), nothing) == 0
    assert cost(terms_of(1, mine), [used(PLAIN, 0, D(2))]) == 2
    every = replace(mine, tier_reset=Reset.BILLING_PERIOD)
    assert cost(terms_of(1, every), nothing) == 9


def test_earlier_usage_is_never_unpriced() -> None:
    mine = replace(charge(row_of(PriceModel.GRADUATED, dims(model="x")), metric=TOKENS), tier_reset=Reset.LIFETIME)
    other = dims(model="y", token_type="input")
    assert rate(terms_of(1, mine), [used(TOKENS, 1, D(4), other)]).unpriced == ()
    assert len(rate(terms_of(1, mine), [used(TOKENS, 0, D(4), other)]).unpriced) == 1
