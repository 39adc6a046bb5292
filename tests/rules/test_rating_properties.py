"""Properties of the rating over random terms and usage."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from billing.rules.rated import Rating
from billing.rules.rating import rate
from catalog.rules.charges import amount
from catalog.rules.precedence import choose
from catalog.rules.terms import Charge, Discount, Price, Terms
from metering.rules.quantities import UsageRow
from monetization.values.money import round_once
from tests.rules.build import CALLS, charge, graduated, terms, unit_price, used

D, F = Decimal, Fraction
SEGMENTS = 4
MODELS = ("a", "b", "c")
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD"])
RATES = st.decimals(0, 20, places=7).map(str)
QUANTITIES = st.decimals(-50, 500, places=4).map(str)


@st.composite
def price_rows(draw: st.DrawFn) -> tuple[Price, ...]:
    rows = []
    for match in [(), *((("model", model),) for model in MODELS)]:
        if not match or draw(st.booleans()):
            bounds = sorted(draw(st.sets(st.integers(1, 300), max_size=3)))
            table = [(str(bound), draw(RATES), draw(RATES)) for bound in bounds]
            last = (None, draw(RATES), draw(RATES))
            rows.append(graduated(*table, last, match=match) if bounds else unit_price(draw(RATES), match))
    return tuple(rows)


@st.composite
def usage_rows(draw: st.DrawFn, segments: int = SEGMENTS) -> list[UsageRow]:
    return [
        used(draw(QUANTITIES), segment, CALLS, model=draw(st.sampled_from(MODELS)))
        for segment in range(segments)
        for _ in range(draw(st.integers(0, 3)))
    ]


def priced(rows: Sequence[Price], currency: str = "USD") -> Charge:
    return charge(*rows, metric=CALLS, currency=currency)


def total(rating: Rating) -> Fraction:
    return sum((line.exact for line in rating.lines), F(0))


@given(price_rows(), usage_rows())
def test_cuts_that_change_nothing_change_nothing(rows: tuple[Price, ...], usage: list[UsageRow]) -> None:
    cut = rate(terms(*[[priced(rows)]] * SEGMENTS), usage)
    joined = [used(str(row.quantity), 0, CALLS, model=row.dims[0][1]) for row in usage]
    whole = rate(terms([priced(rows)]), joined)
    assert [line.exact for line in cut.lines] == [line.exact for line in whole.lines]
    assert [line.steps for line in cut.lines] == [line.steps for line in whole.lines]
    assert [line.period for line in cut.lines] == [line.period for line in whole.lines]


@given(st.lists(price_rows(), min_size=SEGMENTS, max_size=SEGMENTS), usage_rows(), st.integers())
def test_order_and_batches_change_nothing(tables: list[tuple[Price, ...]], usage: list[UsageRow], seed: int) -> None:
    agreed = terms(*[[priced(rows)] for rows in tables])
    halves = [
        part
        for row in usage
        for part in (
            used(str(row.quantity / 2), row.segment, CALLS, count=0, model=row.dims[0][1]),
            used(str(row.quantity - row.quantity / 2), row.segment, CALLS, model=row.dims[0][1]),
        )
    ]
    Random(seed).shuffle(halves)
    assert rate(agreed, halves) == rate(agreed, usage)


@given(st.lists(price_rows(), min_size=1, max_size=3), CURRENCIES, st.data())
def test_each_line_is_rounded_once_and_its_steps_share_it(
    tables: list[tuple[Price, ...]], currency: str, data: st.DataObject
) -> None:
    usage = data.draw(usage_rows(len(tables)))
    off = [Discount(data.draw(st.decimals(0, 100, places=2)), "d", "Discount")]
    agreed = terms(*[[priced(rows, currency)] for rows in tables], discounts=off)
    for line in rate(agreed, usage).lines:
        assert line.amount == round_once(line.exact, currency)
        assert sum((step.share for step in line.steps), D(0)) == line.amount
        assert sum((step.exact for step in line.steps), F(0)) == line.list_exact
        assert line.exact == line.list_exact * (1 - F(off[0].percent) / 100)
        assert sum((step.quantity for step in line.steps), F(0)) == line.quantity == line.measured
        assert sum((F(row.quantity) for row in line.usage), F(0)) == line.measured


@given(st.lists(price_rows(), min_size=1, max_size=3), st.data())
def test_every_unit_of_usage_is_on_one_line_or_unpriced(tables: list[tuple[Price, ...]], data: st.DataObject) -> None:
    usage = data.draw(usage_rows(len(tables)))
    narrow = [tuple(row for row in rows if row.match) for rows in tables]
    rating = rate(terms(*[[priced(rows)] for rows in narrow]), usage)
    billed = sum((line.measured for line in rating.lines), F(0))
    left = sum((F(row.quantity) for row in rating.unpriced), F(0))
    assert billed + left == sum((F(row.quantity) for row in usage), F(0))


def naive(agreed: Terms, usage: Sequence[UsageRow]) -> Fraction:
    """Price each segment by walking from the period's start, with nothing of the counters' code."""
    cost = F(0)
    for number, segment in enumerate(agreed.segments):
        (one,) = segment.charges
        for row in one.prices:
            mine = [u for u in usage if choose(one.prices, u.dims, one.metric.order) is row]
            before = sum((F(u.quantity) for u in mine if u.segment < number), F(0))
            after = before + sum((F(u.quantity) for u in mine if u.segment == number), F(0))
            if any(u.segment == number for u in mine):
                cost += amount(row, before, after)
    used = sum((F(u.quantity) for u in usage), F(0))
    return max(cost, F(0)) if used >= 0 else cost  # a charge is never below zero while its quantity isn't


@given(st.lists(price_rows(), min_size=SEGMENTS, max_size=SEGMENTS), usage_rows())
def test_agrees_with_a_naive_walk(tables: list[tuple[Price, ...]], usage: list[UsageRow]) -> None:
    agreed = terms(*[[priced(rows)] for rows in tables])
    assert total(rate(agreed, usage)) == naive(agreed, usage)


@st.composite
def tables_without_fees(draw: st.DrawFn) -> tuple[list[int], Price]:
    bounds = sorted(draw(st.sets(st.integers(1, 300), min_size=1, max_size=4)))
    return bounds, graduated(*((str(bound), draw(RATES)) for bound in bounds), (None, draw(RATES)))


@given(tables_without_fees(), st.fractions(0, 400), st.fractions(0, 100))
def test_a_graduated_price_never_falls_and_never_jumps(
    made: tuple[list[int], Price], position: Fraction, more: Fraction
) -> None:
    """Without flat fees it is monotone; beside a bound, a step as small as one likes costs no more than its units."""
    bounds, price = made
    assert amount(price, F(0), position) <= amount(price, F(0), position + more)
    dearest, tiny = max(F(tier.unit_price) for tier in price.tiers), F(1, 10**12)
    for bound in bounds:
        jump = amount(price, F(0), bound + tiny) - amount(price, F(0), bound - tiny)
        assert 0 <= jump <= 2 * tiny * dearest
