"""Rating by hand-computed numbers: lines, positions, cuts, discounts, rounding, order, unpriced usage."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.rules.rated import RatedLine
from billing.rules.rating import rate
from catalog.rules.agreed import Scope
from catalog.rules.terms import Discount, Rounding
from monetization.values.errors import Invalid
from monetization.values.periods import Period
from tests.rules.build import (
    CALLS,
    DAY,
    PLAIN,
    START,
    TOKENS,
    charge,
    dims,
    graduated,
    source,
    terms,
    unit_price,
    used,
)

D, F = Decimal, Fraction
TABLE = (("10", "10", "2"), ("20", "5", "3"), (None, "1", "4"))
INPUT, OUTPUT = dims(token_type="input"), dims(token_type="output")


def amounts(lines: tuple[RatedLine, ...]) -> list[str]:
    return [str(line.amount) for line in lines]


def test_a_line_is_a_charge_and_a_price_row() -> None:
    tokens = charge(unit_price("2.50", INPUT), unit_price("10", OUTPUT), metric=TOKENS, product="tokens")
    usage = [
        used("1200000", metric=TOKENS, count=7, model="a", token_type="input"),
        used("34567", metric=TOKENS, count=3, model="b", token_type="input"),
        used("500000", metric=TOKENS, count=7, model="a", token_type="output"),
    ]
    rating = rate(terms([tokens]), usage)
    output, given = rating.lines
    assert (output.match, output.amount, output.events) == (OUTPUT, D("5.00"), 7)
    assert (given.measured, given.quantity) == (F(1234567), F("1.234567"))
    assert (given.exact, given.amount, given.events) == (F("3.0864175"), D("3.09"), 10)
    assert (given.product, given.name, given.unit) == ("tokens", "Tokens", "1M tokens")
    assert (given.tax_category, given.currency) == ("standard", "USD")
    assert given.period == Period(START, START + 31 * DAY)
    assert given.source == source(1)
    assert set(given.usage) == set(usage[:2])
    assert rating.unpriced == ()


def test_steps_are_shares_of_the_rounded_amount() -> None:
    (line,) = rate(terms([charge(graduated(*TABLE))]), [used("21.333")]).lines
    assert line.exact == F("160.333")
    assert str(line.amount) == "160.33"
    shown = [(s.over, s.up_to, s.quantity, s.unit_price, s.flat_fee, s.exact, str(s.share)) for s in line.steps]
    assert shown == [
        (0, 10, 10, 10, 2, 102, "102.00"),
        (10, 20, 10, 5, 3, 53, "53.00"),
        (20, None, F("1.333"), 1, 4, F("5.333"), "5.33"),
    ]


def test_a_cut_without_a_change_starts_no_line_and_changes_no_number() -> None:
    price = graduated(*TABLE)
    whole = rate(terms([charge(price)]), [used("25")])
    cut = rate(terms([charge(price)], [charge(price)]), [used("12"), used("13", 1)])
    assert len(cut.lines) == 1
    assert cut.lines[0].exact == whole.lines[0].exact == 164
    assert cut.lines[0].steps == whole.lines[0].steps
    assert cut.lines[0].period == whole.lines[0].period


def test_the_same_price_in_a_new_version_is_the_same_line_with_both_sources() -> None:
    old, new = unit_price("0.004", version=1), unit_price("0.0040", version=2)
    rating = rate(terms([charge(old)], [charge(new)]), [used("1"), used("1", 1)])
    (line,) = rating.lines
    assert str(line.amount) == "0.01"  # two lines would have made 0.00 each
    assert line.prices == (old, new)
    assert line.sources == (source(1), source(2))
    assert (line.price, line.source) == (old, source(1))


def test_a_new_price_starts_a_new_line_at_the_running_position() -> None:
    old, new = graduated(*TABLE), graduated(("15", "8"), (None, "2", "6"), version=2)
    rating = rate(terms([charge(old)], [charge(new)]), [used("12"), used("10", 1)])
    first, second = rating.lines
    assert first.exact == 10 * 10 + 2 + 2 * 5 + 3
    # From 12 to 22 in the new table: 3 at 8, then past its bound of 15: 7 at 2 and the flat of 6.
    assert second.exact == 3 * 8 + 7 * 2 + 6
    assert [s.quantity for s in second.steps] == [3, 7]
    assert first.period.ends_at == second.period.starts_at
    assert (first.source, second.source) == (source(1), source(2))


def test_a_flat_whose_bound_was_passed_before_is_not_due_again() -> None:
    old, new = graduated(*TABLE), graduated(("5", "1", "100"), (None, "1", "100"), version=2)
    rating = rate(terms([charge(old)], [charge(new)]), [used("6"), used("1", 1)])
    assert rating.lines[1].exact == 1


def test_a_price_that_comes_back_is_a_line_of_its_own() -> None:
    a, b, c = unit_price("1"), unit_price("2", version=2), unit_price("1", version=3)
    rating = rate(terms([charge(a)], [charge(b)], [charge(c)]), [used("1"), used("1", 1), used("1", 2)])
    assert amounts(rating.lines) == ["1.00", "2.00", "1.00"]


def test_a_line_covers_the_time_in_which_its_price_was_in_force_used_or_not() -> None:
    price, other = unit_price("1"), unit_price("2", version=2)
    rating = rate(terms([charge(price)], [charge(price)], [charge(other)], days=30), [used("1", 1)])
    (line,) = rating.lines
    assert line.period == Period(START, START + 20 * DAY)


def test_a_wildcard_joins_its_values_into_one_counter_and_literals_have_their_own() -> None:
    rows = (
        graduated(("10", "1"), (None, "0.5")),
        graduated(("10", "2"), (None, "1"), match=dims(model="x")),
    )
    usage = [
        used("8", metric=CALLS, model="a"),
        used("8", metric=CALLS, model="b"),
        used("12", metric=CALLS, model="x"),
    ]
    x, others = rate(terms([charge(*rows, metric=CALLS)]), usage).lines
    assert (x.match, x.exact) == (dims(model="x"), 22)
    assert (others.match, others.exact) == ((), 13)


def test_a_row_that_appears_takes_its_own_usage_of_the_period_so_far_as_position() -> None:
    wide = graduated(("10", "1"), (None, "0.5"))
    literal = graduated(("10", "2"), (None, "1"), match=dims(model="x"), version=2)
    usage = [
        used("8", 0, CALLS, model="x"),
        used("4", 0, CALLS, model="a"),
        used("5", 1, CALLS, model="x"),
        used("9", 1, CALLS, model="a"),
    ]
    first = [charge(wide, metric=CALLS)]
    second = [charge(wide, literal, metric=CALLS)]
    rating = rate(terms(first, second), usage)
    x = next(line for line in rating.lines if line.match)
    assert x.exact == 2 * 2 + 3 * 1  # position 8 → 13
    others = next(line for line in rating.lines if not line.match)
    # 12 units at first (10 + 2 × 0.5); then model a alone is at 4 and goes to 13.
    assert others.exact == 11 + (6 + 3 * F("0.5"))
    assert others.period == Period(START, START + 31 * DAY)


def test_units_given_back_leave_the_latest_parts_first() -> None:
    price = graduated(("10", "10"), (None, "1"))
    dearer = graduated(("10", "20"), (None, "2"), version=2)
    rating = rate(terms([charge(price)], [charge(dearer)]), [used("15"), used("-8", 1)])
    assert [line.exact for line in rating.lines] == [105, -(5 * 2 + 3 * 20)]
    assert amounts(rating.lines) == ["105.00", "-70.00"]


def test_negative_usage_is_priced_as_minus_the_price_of_its_absolute_value() -> None:
    (line,) = rate(terms([charge(graduated(*TABLE))]), [used("-21")]).lines
    assert line.exact == -(100 + 50 + 1)
    assert [str(s.share) for s in line.steps] == ["-100.00", "-50.00", "-1.00"]


def test_conversion_is_rounded_once_over_the_period_not_per_cut() -> None:
    blocks = replace(PLAIN, divisor=D(1000), rounding=Rounding.UP)
    price, other = unit_price("5"), unit_price("7", version=2)
    same = terms([charge(price, metric=blocks)], [charge(price, metric=blocks)])
    usage = [used("400", 0, blocks), used("400", 1, blocks)]
    assert rate(same, usage).lines[0].quantity == 1
    changed = terms([charge(price, metric=blocks)], [charge(other, metric=blocks)])
    first, second = rate(changed, [used("400", 0, blocks), used("700", 1, blocks)]).lines
    assert (first.quantity, second.quantity) == (1, 1)  # ceil(0.4), then ceil(1.1) - 1
    assert (first.measured, second.measured) == (400, 700)


def test_rounding_is_per_counter_and_not_per_dimension_value() -> None:
    blocks = replace(CALLS, divisor=D(1000), rounding=Rounding.UP)
    usage = [used("100", metric=blocks, model=model) for model in "abc"]
    (line,) = rate(terms([charge(unit_price("5"), metric=blocks)]), usage).lines
    assert (line.quantity, line.exact) == (1, 5)


def test_a_new_metric_version_starts_a_line_and_the_position_goes_on() -> None:
    renewed = replace(PLAIN, version_id=33, number=2, divisor=D(2))
    price, same = graduated(("10", "1"), (None, "0.1")), graduated(("10", "1"), (None, "0.1"))
    changed = terms([charge(price)], [charge(same, metric=renewed)])
    first, second = rate(changed, [used("8"), used("8", 1, renewed)]).lines
    assert (first.metric.number, second.metric.number) == (1, 2)
    assert (first.exact, second.quantity) == (8, 4)
    assert second.exact == 2 + 2 * F("0.1")


def test_usage_of_a_version_that_is_not_in_force_is_unpriced() -> None:
    row = used("5", 0, replace(PLAIN, version_id=33))
    rating = rate(terms([charge(unit_price("1"))]), [row])
    assert (rating.lines, rating.unpriced) == ((), (row,))


def test_percentage_discounts_compound_before_the_one_rounding() -> None:
    off = [Discount(D("10"), "a", "Launch"), Discount(D("5"), "b", "Loyal", Scope(products=frozenset({"work"})))]
    (line,) = rate(terms([charge(graduated(*TABLE))], discounts=off), [used("10.001")]).lines
    assert line.list_exact == F("105.005")
    assert line.exact == F("105.005") * F("0.9") * F("0.95")
    assert str(line.amount) == "89.78"  # 89.779275
    assert line.discounts == ("Launch", "Loyal")
    assert sum(step.share for step in line.steps) == line.amount
    assert [str(s.share) for s in line.steps] == ["87.21", "2.57"]


def test_a_discount_of_other_products_does_not_apply() -> None:
    off = [Discount(D("50"), "a", "Half", Scope(products=frozenset({"other"}))), Discount(D(0), "b", "Nothing")]
    (line,) = rate(terms([charge(unit_price("1"))], discounts=off), [used("3")]).lines
    assert (line.exact, line.discounts) == (3, ())


def test_a_full_discount_leaves_a_line_of_zero() -> None:
    off = [Discount(D("100"), "a", "Free")]
    (line,) = rate(terms([charge(graduated(*TABLE))], discounts=off), [used("25")]).lines
    assert (str(line.amount), line.list_exact) == ("0.00", 164)
    assert {str(step.share) for step in line.steps} == {"0.00"}


def test_lines_are_ordered_by_time_then_price_then_name() -> None:
    new = unit_price("9", version=2)
    first = [
        charge(unit_price("1"), product="zebra"),
        charge(unit_price("5"), product="cheap"),
        charge(unit_price("5"), product="also"),
    ]
    second = [*first[1:], charge(new, product="zebra")]
    usage = [used("1", segment) for segment in (0, 1)]
    lines = rate(terms(first, second), usage).lines
    assert [line.name for line in lines] == ["Also", "Cheap", "Zebra", "Zebra"]
    assert lines[-1].price is new


def test_usage_that_no_row_prices_is_kept() -> None:
    priced = charge(unit_price("1", dims(model="a")), metric=CALLS)
    rows = [
        used("3", metric=CALLS, model="a"),
        used("4", metric=CALLS, model="b"),
        used("0", metric=CALLS, model="c"),
        used("5", metric=PLAIN),
    ]
    rating = rate(terms([priced]), rows)
    assert amounts(rating.lines) == ["3.00"]
    assert rating.unpriced == (rows[1], rows[3])


def test_usage_that_one_of_two_products_prices_is_priced() -> None:
    charges = [
        charge(unit_price("1", dims(model="a")), metric=CALLS, product="one"),
        charge(unit_price("2", dims(model="b")), metric=CALLS, product="two"),
    ]
    usage = [used("1", metric=CALLS, model="a"), used("1", metric=CALLS, model="b")]
    rating = rate(terms(charges), usage)
    assert ([line.product for line in rating.lines], rating.unpriced) == (["two", "one"], ())


def test_one_metric_can_be_priced_by_two_products() -> None:
    charges = [charge(unit_price("1"), product="one"), charge(unit_price("2"), product="two")]
    assert amounts(rate(terms(charges), [used("3")]).lines) == ["6.00", "3.00"]


def test_a_product_that_joins_in_mid_period_starts_its_own_counter() -> None:
    table = graduated(("10", "1"), (None, "0.5"))
    joins = charge(graduated(("10", "2"), (None, "1")), product="late")
    rating = rate(terms([charge(table)], [charge(table), joins]), [used("9"), used("9", 1)])
    late = next(line for line in rating.lines if line.product == "late")
    assert (late.exact, late.period.starts_at) == (18, START + 15 * DAY)


def test_nothing_used_is_no_line() -> None:
    assert rate(terms([charge(graduated(*TABLE))]), []).lines == ()
    assert rate(terms([charge(unit_price("1"))]), [used("0", count=4)]).lines == ()
    assert rate(terms([]), []).lines == ()


def test_flats_at_zero_usage_are_due_once_where_that_is_agreed() -> None:
    first = charge(graduated(*TABLE), flat_at_zero=True)
    (line,) = rate(terms([first], [first]), []).lines
    assert (str(line.amount), line.quantity, line.events) == ("2.00", 0, 0)
    assert line.period == Period(START, START + 31 * DAY)
    assert rate(terms([first], [first]), [used("3"), used("3", 1)]).lines[0].exact == 62
    dearer = charge(graduated(("10", "10", "7"), (None, "1"), version=2), flat_at_zero=True)
    lines = rate(terms([first], [dearer]), [used("1", 1)]).lines
    assert [line.exact for line in lines] == [2, 10]  # the bound was passed at the opening
    late = rate(terms([charge(unit_price("1"))], [dearer]), [used("1", 1)]).lines
    assert [line.exact for line in late] == [17]


def test_rows_added_up_in_any_batches_are_the_same_rating() -> None:
    agreed = terms([charge(graduated(*TABLE))])
    assert rate(agreed, [used("10.5"), used("3"), used("7.5")]) == rate(agreed, [used("21", count=3)])


def test_usage_outside_the_segments_is_refused() -> None:
    with pytest.raises(Invalid):
        rate(terms([charge(unit_price("1"))]), [used("1", 1)])


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1"), ("USD", "0.50"), ("KWD", "0.500"), ("CLF", "0.5000")])
def test_each_currency_rounds_to_its_own_minor_unit(currency: str, amount: str) -> None:
    agreed = terms([charge(unit_price("0.5"), currency=currency)])
    assert amounts(rate(agreed, [used("1")]).lines) == [amount]


def test_a_price_of_a_millionth_of_a_cent_adds_up() -> None:
    per_token = replace(TOKENS, divisor=D(1))
    agreed = terms([charge(unit_price("0.000000075"), metric=per_token)])
    usage = [used("66666667", metric=per_token, model="m", token_type="input")]
    (line,) = rate(agreed, usage).lines
    assert (line.exact, str(line.amount)) == (F("5.000000025"), "5.00")
