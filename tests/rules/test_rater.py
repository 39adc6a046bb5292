"""The naive rater against arithmetic done by hand: each example stands beside its sum."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from tests.bargains import FEATURES, bargain, features
from tests.rater import CHOICES, rate

Body = dict[str, Any]
NOVEMBER = {"start_date": "2026-11-01", "end_date": "2026-11-30"}
LATTER = {"start_date": "2026-11-11", "end_date": "2026-11-30"}


def quote(charges: list[Body], usage: list[Body] | None = None, **more: Any) -> Body:
    """Rate charges and usage over November 2026, in US dollars unless said otherwise."""
    body = {"currency": "USD", "period": NOVEMBER, "charges": charges, "usage": usage or []}
    return rate(body | more)


def lines(answer: Body, *kinds: str) -> list[tuple[Any, ...]]:
    """List (charge, row, amount) of the first invoice's lines of some kinds."""
    found = [li for li in answer["invoices"][0]["lines"] if not kinds or li["kind"] in kinds]
    return [(li["charge"], li["row"], str(li["amount"])) for li in found]


def net(answer: Body) -> Fraction:
    """Give the net of all invoices."""
    return Fraction(answer["net"])


def api(*prices: Body, **more: Any) -> Body:
    """Make a usage charge called api."""
    return {"key": "api", "prices": list(prices), **more}


def sent(quantity: str, at: str = "2026-11-02T00:00:00Z", **more: Any) -> Body:
    """Make an event for api."""
    return {"charge": "api", "quantity": quantity, "at": at, **more}


def regional(quantity: str, region: str, at: str = "2026-11-02T00:00:00Z", **more: Any) -> Body:
    """Make an event for api with a region."""
    return sent(quantity, at, dimensions={"region": region}, **more)


def test_the_first_example_of_the_page() -> None:
    answer = quote([api({"unit_price": "0.10"})], [{"charge": "api", "quantity": "15"}])
    assert lines(answer) == [("api", 0, "3/2")]  # 15 x 0.10
    assert answer["total"] == answer["difference"] == Fraction("1.50")


GRADUATED = {"model": "GRADUATED", "tiers": [{"up_to": "10", "unit_price": "2"}, {"up_to": None, "unit_price": "1"}]}
FEES = {
    "model": "GRADUATED",
    "tiers": [{"up_to": "10", "unit_price": "2", "flat_fee": "5"}, {"up_to": None, "unit_price": "1", "flat_fee": "7"}],
}
VOLUME = {
    "model": "VOLUME",
    "tiers": [{"up_to": "10", "unit_price": "2"}, {"up_to": None, "unit_price": "1", "flat_fee": "3"}],
}
BLOCKS = {
    "model": "GRADUATED",
    "tiers": [{"up_to": "10", "unit_price": "4", "block_size": "4"}, {"up_to": None, "unit_price": "1"}],
}
FLAT = {"model": "TIERED_FLAT", "tiers": [{"up_to": "10", "flat_fee": "20"}, {"up_to": None, "flat_fee": "50"}]}
SHARE = {
    "model": "GRADUATED_PERCENTAGE",
    "tiers": [{"up_to": "1000", "percent": "2"}, {"up_to": None, "percent": "1", "flat_fee": "4"}],
}


@pytest.mark.parametrize(
    ("row", "quantity", "amount"),
    [
        ({"unit_price": "0.000000075"}, "20000000", "1.5"),
        (GRADUATED, "10", "20"),
        (GRADUATED, "15", "25"),  # 10 x 2 + 5 x 1
        (GRADUATED, "-3", "-6"),  # minus the price of 3
        (FEES, "0", "0"),  # a flat fee needs a bound that is passed
        (FEES, "10", "25"),  # 20 + 5
        (FEES, "11", "33"),  # 20 + 1 + 5 + 7
        (FEES, "-3", "-6"),  # no flats below zero
        (VOLUME, "10", "20"),  # up to 10, inclusive
        (VOLUME, "11", "14"),  # 11 x 1 + 3
        (BLOCKS, "9", "12"),  # 3 begun blocks of 4 inside the tier
        (BLOCKS, "12", "14"),  # 3 blocks + 2 units
        ({"model": "PACKAGE", "package_size": "10", "package_price": "3"}, "21", "9"),
        ({"model": "PACKAGE", "package_size": "10", "package_price": "3", "rounding": "down"}, "29", "6"),
        ({"model": "PACKAGE", "package_size": "10", "package_price": "3", "rounding": "exact"}, "25", "7.5"),
        (FLAT, "0", "0"),
        (FLAT, "10", "20"),
        (FLAT, "10.5", "50"),
        (SHARE, "1500", "29"),  # 20 + 5 + 4
        ({"model": "DYNAMIC", "multiplier": "1.2"}, "10", "12"),
    ],
)
def test_a_model_prices_a_quantity(row: Body, quantity: str, amount: str) -> None:
    assert net(quote([api(row)], [sent(quantity)])) == Fraction(amount)


@pytest.mark.parametrize(
    ("numbers", "amount"),
    [
        ({"percent": "2"}, "6"),  # 2 % of 300
        ({"percent": "2", "fixed_fee": "0.30"}, "6.9"),
        ({"percent": "2", "free_events": "1"}, "4"),  # of 200
        ({"percent": "2", "free_amount": "150", "fixed_fee": "0.30"}, "3.60"),  # 50 of the second + all of the third
        ({"percent": "2", "free_events": "1", "free_amount": "150"}, "4"),  # one event is used first
        ({"percent": "2", "free_events": "9", "free_amount": "50"}, "5"),  # 50 of money is used first
        ({"percent": "2", "minimum_fee": "3"}, "9"),
        ({"percent": "2", "fixed_fee": "1", "maximum_fee": "2.50"}, "7.5"),  # 2 + 1, clamped
    ],
)
def test_a_percentage_takes_transactions_in_order(numbers: Body, amount: str) -> None:
    events = [sent("100", f"2026-11-0{day}T00:00:00Z", id=str(day)) for day in (3, 1, 2)]
    assert net(quote([api({"model": "PERCENTAGE", **numbers})], events)) == Fraction(amount)


@pytest.mark.parametrize(
    ("metric", "events", "quantity"),
    [
        ({}, [("02", "30"), ("03", "2"), ("04", "10")], "42"),
        ({"aggregation": "COUNT"}, [("02", "30"), ("03", "2"), ("04", "10")], "3"),
        ({"aggregation": "MAX"}, [("02", "30"), ("03", "2"), ("04", "10")], "30"),
        ({"aggregation": "MIN"}, [("02", "30"), ("03", "2"), ("04", "10")], "2"),
        ({"aggregation": "AVERAGE"}, [("02", "30"), ("03", "2"), ("04", "10")], "14"),
        ({"aggregation": "LATEST"}, [("02", "30"), ("04", "10"), ("03", "2")], "10"),
        ({"aggregation": "UNIQUE"}, [("02", "30"), ("03", "2"), ("04", "30")], "2"),
        ({"aggregation": "TIME_WEIGHTED"}, [("01", "30"), ("16", "30")], "45"),  # 30 for 15 days, 60 for 15, by 30
        ({"aggregation": "TIME_WEIGHTED", "of": "level"}, [("01", "30"), ("16", "60")], "45"),
        ({"window": "day", "again": "max"}, [("02", "30"), ("02", "2"), ("04", "10")], "32"),
        ({"window": "day", "again": "average"}, [("02", "30"), ("02", "2"), ("04", "10")], "21"),  # empty days are none
        ({"aggregation": "MAX", "window": "day", "again": "sum"}, [("02", "30"), ("02", "2"), ("04", "10")], "40"),
        ({"window": "day", "again": "p95"}, [("02", "30"), ("03", "2"), ("04", "10")], "30"),
        ({"divisor": "10", "rounding": "up"}, [("02", "30"), ("03", "2")], "4"),
        ({"divisor": "10", "rounding": "down", "digits": 1}, [("02", "30.99")], "3"),
        ({"rounding": "half_up", "digits": -1}, [("02", "25")], "30"),
    ],
)
def test_a_metric_makes_a_quantity(metric: Body, events: list[tuple[str, str]], quantity: str) -> None:
    usage = [sent(text, f"2026-11-{day}T00:00:00Z") for day, text in events]
    line = quote([api({"unit_price": "1"}, metric=metric)], usage)["invoices"][0]["lines"][0]
    assert line["quantity"] == Fraction(quantity)


def test_levels_and_carried_values_come_from_earlier_events() -> None:
    before = [sent("12", "2026-10-30T00:00:00Z")]
    level = api({"unit_price": "1"}, metric={"aggregation": "TIME_WEIGHTED", "of": "level"})
    assert net(quote([level], before)) == 12
    assert net(quote([api({"unit_price": "1"}, metric={"aggregation": "LATEST", "carry": True})], before)) == 12
    assert net(quote([api({"unit_price": "1"}, metric={"aggregation": "LATEST"})], before)) == 0


def test_per_aggregates_each_value_first() -> None:
    events = [regional("5", "eu"), regional("9", "eu"), regional("3", "us")]
    metric = {"aggregation": "MAX", "per": ["region"], "dimensions": ["region"]}
    assert net(quote([api({"unit_price": "1"}, metric=metric)], events)) == 12  # 9 + 3


def test_the_first_of_a_repeated_event_stays() -> None:
    events = [sent("5", id="a"), sent("7", id="a"), sent("11", id="a", source="batch")]
    assert net(quote([api({"unit_price": "1"})], events)) == 16


def test_the_most_literal_row_prices_an_event_then_the_order_of_dimensions() -> None:
    prices = [
        {"unit_price": "1"},
        {"unit_price": "10", "match": {"size": "large"}},
        {"unit_price": "100", "match": {"region": "eu"}},
    ]
    charge = api(*prices, metric={"dimensions": ["region", "size"]})
    events = [
        sent("1", dimensions={"region": "eu", "size": "large"}),
        sent("1", dimensions={"region": "us", "size": "large"}),
        sent("1", dimensions={"region": "us", "size": "small"}),
    ]
    assert lines(quote([charge], events)) == [("api", 2, "100"), ("api", 1, "10"), ("api", 0, "1")]


def test_a_wildcard_joins_its_values_and_tier_by_parts_them() -> None:
    events = [regional("8", "eu"), regional("8", "us")]
    charge = api(GRADUATED, metric={"dimensions": ["region"]})
    assert net(quote([charge], events)) == 26  # 10 x 2 + 6 x 1
    assert net(quote([charge | {"tier_by": ["region"]}], events)) == 32  # twice 8 x 2


def test_a_new_row_goes_on_at_the_running_position() -> None:
    later = {"model": "GRADUATED", "starts_on": "2026-11-16"}
    later["tiers"] = [{"up_to": "10", "unit_price": "4"}, {"up_to": None, "unit_price": "3"}]
    events = [sent("8"), sent("5", "2026-11-16T00:00:00Z")]
    # 8 x 2, then 2 x 4 to the bound and 3 x 3 above it
    assert lines(quote([api(GRADUATED, later)], events)) == [("api", 0, "16"), ("api", 1, "17")]


def test_a_cut_of_a_rounded_quantity_telescopes() -> None:
    charge = api({"unit_price": "1"}, {"unit_price": "2", "starts_on": "2026-11-16"}, metric={"rounding": "up"})
    events = [sent("0.4"), sent("0.4", "2026-11-16T00:00:00Z")]
    assert lines(quote([charge], events)) == [("api", 0, "1"), ("api", 1, "0")]  # 1 x 1, (ceil(0.8) - 1) x 2


@pytest.mark.parametrize(
    ("cut", "amounts"),
    [
        (None, ["40"]),  # 20 x 2 all period
        ("increments", ["16", "36"]),  # 8 x 2, (20 - 8) x 3
        ("by_time", ["20", "30"]),  # half of 20 at each price
    ],
)
def test_a_maximum_is_cut_as_stated(cut: str | None, amounts: list[str]) -> None:
    charge = api({"unit_price": "2"}, {"unit_price": "3", "starts_on": "2026-11-16"}, metric={"aggregation": "MAX"})
    events = [sent("8"), sent("20", "2026-11-20T00:00:00Z")]
    answer = quote([charge | ({"cut": cut} if cut else {})], events)
    assert [amount for _, _, amount in lines(answer)] == amounts


def test_lines_of_a_charge_never_sum_below_zero() -> None:
    charge = api({"unit_price": "1"}, {"unit_price": "9", "starts_on": "2026-11-16"})
    events = [sent("10"), sent("-4", "2026-11-20T00:00:00Z")]
    assert lines(quote([charge], events)) == [("api", 0, "10"), ("api", 1, "-10")]  # -36 is lifted


def test_packages_of_a_new_version_count_from_the_last_paid_one() -> None:
    first = {"model": "PACKAGE", "package_size": "10", "package_price": "1"}
    later = {"model": "PACKAGE", "package_size": "4", "package_price": "2", "starts_on": "2026-11-16"}
    events = [sent("12"), sent("10", "2026-11-16T00:00:00Z")]
    # 12 -> two packages, paid to 20; 22 -> one of four
    assert lines(quote([api(first, later)], events)) == [("api", 0, "2"), ("api", 1, "2")]


def test_free_units_come_off_first_and_move_no_tier() -> None:
    assert net(quote([api(GRADUATED, free_units="4")], [sent("12")])) == 16  # 8 x 2
    eu = {"unit_price": "1", "match": {"region": "eu"}}
    charge = api({"unit_price": "5"}, eu, metric={"dimensions": ["region"]}, free_units="4")
    answer = quote([charge], [regional("3", "us"), regional("3", "eu")])
    # The dearer first unit goes first: 3 of the 5s, then 1 of the 1s.
    assert lines(answer) == [("api", 0, "0"), ("api", 1, "2")]


def test_pooled_free_units_follow_the_seats_at_the_start() -> None:
    seats = {"key": "seats", "kind": "recurring", "unit_price": "0", "quantity": "3"}
    seats["quantities"] = [{"date": "2026-11-16", "quantity": "9"}]
    charge = api({"unit_price": "1"}, free_units_per={"charge": "seats", "units": "10"})
    assert lines(quote([charge, seats], [sent("50")]), "usage") == [("api", 0, "20")]  # 50 - 3 x 10


def test_free_units_of_a_stub_are_prorated() -> None:
    charge = api({"unit_price": "1"}, free_units="30")
    answer = quote([charge], [sent("50", "2026-11-12T00:00:00Z")], service=LATTER)
    assert net(answer) == 30  # 50 - 30 x 20/30
    assert net(quote([charge], [sent("50", "2026-11-12T00:00:00Z")], service=LATTER, proration="none")) == 20


def test_a_position_enters_the_table_where_it_stood() -> None:
    assert net(quote([api(GRADUATED, position="8")], [sent("5")])) == 7  # 2 x 2 + 3 x 1
    assert net(quote([api(VOLUME, position="8")], [sent("5")])) == 8  # 5 x 1 + 3
    again = api({**VOLUME, "retroactive": True}, position="8")
    assert net(quote([again], [sent("5")])) == 0  # 13 x 1 + 3 - 8 x 2


def test_a_first_flat_fee_at_zero_needs_the_setting() -> None:
    assert net(quote([api(FEES, flat_at_zero=True)])) == 5
    assert net(quote([api(FEES, flat_at_zero=True)], [sent("1")])) == 7  # once
    assert net(quote([api(FEES)])) == 0


def test_only_the_dearest_of_a_group_is_billed() -> None:
    charges = [api(FLAT, highest_of="either"), {"key": "b", "prices": [FLAT], "highest_of": "either"}]
    events = [sent("5"), {"charge": "b", "quantity": "11"}]
    assert lines(quote(charges, events)) == [("b", 0, "50")]
    assert lines(quote(charges, events[:1] + [{"charge": "b", "quantity": "5"}])) == [("api", 0, "20")]


def test_a_windowed_commitment_counts_every_window_or_used_ones() -> None:
    terms = {"window": "day", "amount": "10", "unit_price": "1"}
    charge = api({"unit_price": "3"}, windowed_commitment=terms)
    events = [sent("4"), sent("12", "2026-11-03T05:00:00Z")]
    # inside 4 + 10, list 2 x 3; missing 6 and 28 days of 10
    answer = quote([charge], events)
    assert (lines(answer, "usage"), lines(answer, "true_up")) == ([("api", 0, "20")], [("api", None, "286")])
    used = api({"unit_price": "3"}, windowed_commitment=terms | {"windows": "used"})
    assert lines(quote([used], events), "true_up") == [("api", None, "6")]


# -- recurring, one-time, composite


def seats(**more: Any) -> Body:
    """Make a recurring charge called seats."""
    return {"key": "seats", "kind": "recurring", "unit_price": "30", **more}


@pytest.mark.parametrize(
    ("charge", "more", "amount"),
    [
        (seats(quantity="2"), {}, "60"),
        (seats(quantities=[{"date": "2026-11-16", "quantity": "3"}]), {}, "60"),  # 15/30 x 30 + 15/30 x 90
        (seats(), {"service": LATTER}, "20"),  # 20/30
        (seats(), {"service": LATTER, "proration": "last"}, "30"),
        (seats(proration="none"), {"service": LATTER}, "30"),
        (seats(cadence="QUARTERLY"), {}, "30"),
        (seats(cadence="QUARTERLY", timing="arrears"), {}, "0"),
    ],
)
def test_a_recurring_charge_prorates_by_days(charge: Body, more: Body, amount: str) -> None:
    assert net(quote([charge], **more)) == Fraction(amount)


def test_a_month_of_31_days_never_ends_and_thirty_days_do() -> None:
    october = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
    service = {"start_date": "2026-10-22", "end_date": "2026-10-31"}
    answer = quote([seats(unit_price="31.10")], period=october, service=service)
    assert answer["invoices"][0]["lines"][0]["exact"] == Fraction(311, 31)  # 10/31
    assert net(answer) == Fraction("10.03")
    assert net(quote([seats()], period=october, service=service, day_count="30")) == 9  # (30 − 21) / 30
    assert net(quote([seats()], period=october, day_count="30")) == 30


def test_a_price_row_starts_a_new_line_of_a_recurring_charge() -> None:
    charge = {"key": "seats", "kind": "recurring", "prices": [{"unit_price": "30"}]}
    charge["prices"] = [{"unit_price": "30"}, {"unit_price": "60", "starts_on": "2026-11-21"}]
    assert lines(quote([charge])) == [("seats", 0, "20"), ("seats", 1, "20")]  # 20/30 x 30, 10/30 x 60


def test_a_composite_is_a_percent_of_rounded_lines() -> None:
    charges = [api({"unit_price": "0.333"}), seats(), {"key": "support", "kind": "composite", "percent": "10"}]
    answer = quote(charges, [sent("1")])
    assert lines(answer, "composite") == [("support", None, "303/100")]  # 10 % of 0.33 + 30.00 = 3.033
    charges[2]["of"] = {"charges": ["seats"]}
    assert lines(quote(charges, [sent("1")]), "composite") == [("support", None, "3")]


def test_a_one_time_charge_is_billed_on_its_day() -> None:
    charge = {"key": "setup", "kind": "one_time", "unit_price": "2.5", "quantity": "3"}
    assert net(quote([charge], service=LATTER)) == Fraction("7.5")
    assert net(quote([charge | {"date": "2026-12-01"}])) == 0


def test_thirty_days_are_shared_by_the_spans_of_a_long_month() -> None:
    october = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
    charge = {"key": "seats", "kind": "recurring"}
    charge["prices"] = [{"unit_price": "30"}, {"unit_price": "60", "starts_on": "2026-10-11"}]
    # 10 days of 30, then the 20 that are left of 30
    assert lines(quote([charge], period=october, day_count="30")) == [("seats", 0, "10"), ("seats", 1, "40")]


def test_a_flat_fee_is_given_back_when_the_position_falls_back() -> None:
    # Another table, whose last tier is never reached.
    tiers = [FEES["tiers"][0], {**FEES["tiers"][1], "up_to": "100"}, {"up_to": None, "unit_price": "0"}]
    later = {**FEES, "tiers": tiers, "starts_on": "2026-11-16"}
    answer = quote([api(FEES, later)], [sent("12"), sent("-3", "2026-11-20T00:00:00Z")])
    # 20 + 2 + 5 + 7; then back to 9: minus 1 x 2, minus 2 x 1, minus the fee of 7
    assert lines(answer) == [("api", 0, "34"), ("api", 1, "-11")]


def test_a_fixed_discount_on_recurring_lines_prorates_with_them() -> None:
    fixed = [{"id": "d", "amount": "9", "scope": {"kinds": ["recurring"]}}]
    assert net(quote([seats()], service=LATTER, discounts=fixed)) == 14  # 20 - 9 x 20/30
    assert net(quote([seats()], discounts=fixed)) == 21


def test_an_own_cadence_is_clipped_by_the_service() -> None:
    charge = seats(cadence="MONTHLY", timing="arrears")
    until = {"start_date": "2026-11-01", "end_date": "2026-11-20"}
    assert net(quote([charge], service=until)) == 20  # 20/30


# -- from usage to total


def test_a_line_is_rounded_once_half_away_from_zero() -> None:
    assert net(quote([api({"unit_price": "0.005"})], [sent("1")])) == Fraction("0.01")
    assert net(quote([api({"unit_price": "0.005"})], [sent("-1")])) == Fraction("-0.01")
    assert net(quote([api({"unit_price": "0.5"})], [sent("1")], currency="JPY")) == 1
    assert net(quote([api({"unit_price": "1.0005"})], [sent("1")], currency="KWD")) == Fraction("1.001")


def test_a_charge_rounded_once_shares_its_amount() -> None:
    prices = [{"unit_price": "0.004", "match": {"region": region}} for region in ("eu", "us", "ap")]
    charge = api(*prices, metric={"dimensions": ["region"]}, name="x")
    events = [regional("1", region) for region in ("eu", "us", "ap")]
    assert net(quote([charge], events)) == 0
    answer = quote([charge | {"round": "charge"}], events)
    assert lines(answer) == [("api", 0, "1/100"), ("api", 1, "0"), ("api", 2, "0")]  # 0.012 -> 0.01


def test_percentages_compound_then_fixed_ones_share_what_is_left() -> None:
    charges = [api({"unit_price": "1"}), {"key": "b", "prices": [{"unit_price": "1"}]}]
    events = [sent("100"), {"charge": "b", "quantity": "50"}]
    discounts = [{"id": "p", "percent": "10"}, {"id": "q", "percent": "10", "scope": {"charges": ["api"]}}]
    assert lines(quote(charges, events, discounts=discounts)) == [("api", 0, "81"), ("b", 0, "45")]
    fixed = [*discounts, {"id": "f", "amount": "12.60"}]
    # 12.60 over 81 : 45
    answer = quote(charges, events, discounts=fixed)
    assert lines(answer, "discount") == [("api", 0, "-81/10"), ("b", 0, "-9/2")]
    assert [li["of"] for li in answer["invoices"][0]["lines"]] == [None, None, 0, 1]


def test_a_fixed_discount_never_goes_below_zero_and_its_rest_lapses() -> None:
    discounts = [{"id": "wide", "amount": "50"}, {"id": "narrow", "amount": "8", "scope": {"charges": ["api"]}}]
    answer = quote([api({"unit_price": "1"})], [sent("10")], discounts=discounts)
    assert lines(answer, "discount") == [("api", 0, "-8"), ("api", 0, "-2")]
    left = [{"id": "once", "amount": "50", "remaining": "3"}]
    assert net(quote([api({"unit_price": "1"})], [sent("10")], discounts=left)) == 7


def test_minimums_count_narrower_true_ups() -> None:
    charges = [api({"unit_price": "1"}, minimum="20"), {"key": "b", "prices": [{"unit_price": "1"}]}]
    events = [sent("10"), {"charge": "b", "quantity": "15"}]
    answer = quote(charges, events, minimums=[{"amount": "50"}])
    assert lines(answer, "true_up") == [("api", None, "10"), (None, None, "15")]  # 20 - 10, 50 - 20 - 15
    assert net(quote(charges, events, minimums=[{"amount": "50"}], kind="THRESHOLD")) == 25


def test_a_discount_counts_as_spend_only_when_it_says_so() -> None:
    terms: Body = {"minimums": [{"amount": "10"}], "discounts": [{"id": "d", "percent": "20"}]}
    assert net(quote([api({"unit_price": "1"})], [sent("10")], **terms)) == 10
    terms["discounts"][0]["counts_for_minimum"] = True
    assert net(quote([api({"unit_price": "1"})], [sent("10")], **terms)) == 8


def test_a_minimum_is_prorated_and_split_over_categories() -> None:
    charges = [api({"unit_price": "1"}), {"key": "b", "prices": [{"unit_price": "1"}], "tax_category": "Z"}]
    events = [sent("4", "2026-11-12T00:00:00Z"), {"charge": "b", "quantity": "2"}]
    answer = quote(charges, events, minimums=[{"amount": "30"}], service=LATTER)
    ups = [li for li in answer["invoices"][0]["lines"] if li["kind"] == "true_up"]
    # 30 x 20/30 - 6 = 14 over 4 : 2
    assert [(li["tax_category"], li["amount"]) for li in ups] == [("S", Fraction("9.33")), ("Z", Fraction("4.67"))]


def test_a_maximum_lowers_the_latest_line_first() -> None:
    answer = quote([api({"unit_price": "1"}), seats()], [sent("10")], maximums=[{"amount": "6"}])
    assert lines(answer, "cap") == [("seats", 0, "-30"), ("api", 0, "-4")]


# -- instruments and tax


def drawn(answer: Body) -> dict[str, str]:
    """Give what each instrument drew on the first invoice."""
    return {i["id"]: str(i["drawn"]) for i in answer["invoices"][0]["instruments"]}


def test_instruments_go_in_the_stated_order() -> None:
    instruments = [
        {"id": "a", "kind": "postpaid", "balance": "3"},
        {"id": "b", "kind": "prepaid", "balance": "3", "invoiced": "3"},
        {"id": "c", "kind": "credit", "balance": "3"},
        {"id": "d", "kind": "credit", "balance": "3", "priority": -1},
        {"id": "e", "kind": "prepaid", "balance": "3", "invoiced": "3", "rolled_over": True, "priority": 9},
    ]
    answer = quote([api({"unit_price": "1"})], [sent("10")], instruments=instruments)
    assert drawn(answer) == {"e": "3", "d": "3", "c": "3", "b": "1", "a": "0"}
    assert net(answer) == 0


def test_narrow_scope_goes_before_an_earlier_end() -> None:
    instruments = [
        {"id": "wide", "kind": "credit", "balance": "8", "ends_on": "2026-11-30"},
        {"id": "narrow", "kind": "credit", "balance": "8", "scope": {"charges": ["api"]}},
    ]
    answer = quote([api({"unit_price": "1"})], [sent("10")], instruments=instruments)
    assert drawn(answer) == {"narrow": "8", "wide": "2"}
    assert [i["expired"] for i in answer["invoices"][0]["instruments"]] == [0, 6]


def test_units_before_an_instrument_starts_are_not_covered() -> None:
    credit = [{"id": "c", "kind": "credit", "balance": "100", "starts_on": "2026-11-16"}]
    answer = quote([api(GRADUATED)], [sent("8"), sent("7", "2026-11-16T00:00:00Z")], instruments=credit)
    assert drawn(answer) == {"c": "9"}  # 2 x 2 + 5 x 1, the later units


def test_an_instrument_out_of_scope_moves_no_cent() -> None:
    events = [sent("1"), sent("1", "2026-11-20T00:00:00Z")]
    usable: Body = {"id": "c", "kind": "credit", "balance": "9", "ends_on": "2026-11-10"}
    other = usable | {"id": "d", "ends_on": "2026-11-01", "scope": {"charges": ["seats"]}}
    # 2 x 1.005 = 2.01; halves of it are 1.01 (the earlier) and 1.00
    for instruments in ([usable], [usable, other]):
        assert drawn(quote([api({"unit_price": "1.005"})], events, instruments=instruments))["c"] == "101/100"


def test_recurring_lines_count_at_their_first_or_last_instant() -> None:
    credit = [{"id": "c", "kind": "credit", "balance": "100", "starts_on": "2026-11-16"}]
    assert drawn(quote([seats()], instruments=credit)) == {"c": "0"}
    assert drawn(quote([seats(timing="arrears")], instruments=credit)) == {"c": "30"}


def test_true_ups_are_covered_only_without_scope() -> None:
    credit: Body = {"id": "c", "kind": "credit", "balance": "100"}
    assert drawn(quote([api({"unit_price": "1"}, minimum="20")], instruments=[credit])) == {"c": "20"}
    credit["scope"] = {"charges": ["api"]}
    assert drawn(quote([api({"unit_price": "1"}, minimum="20")], instruments=[credit])) == {"c": "0"}


def test_a_commit_prices_the_units_that_it_covers() -> None:
    own = {"id": "p", "kind": "prepaid", "balance": "5", "invoiced": "5"}
    own["prices"] = [{"charge": "api", "unit_price": "0.5"}]
    answer = quote([api(GRADUATED)], [sent("15")], instruments=[own], discounts=[{"id": "d", "percent": "50"}])
    # 10 units at 0.5 use the balance and the first tier; 5 at 1, half off
    assert lines(answer) == [("api", 0, "15/2"), ("api", 0, "-5")]
    own["prices"] = [{"charge": "api", "multiplier": "0.5"}]
    assert lines(quote([api(GRADUATED)], [sent("15")], instruments=[own])) == [("api", 0, "20"), ("api", 0, "-5")]


def test_a_postpaid_commit_is_billed_and_its_shortfall_too() -> None:
    commit = {"id": "p", "kind": "postpaid", "balance": "50", "ends_on": "2026-11-30"}
    answer = quote([api({"unit_price": "1"})], [sent("10")], instruments=[commit])
    assert lines(answer) == [("api", 0, "10"), ("api", None, "40")]
    assert net(quote([api({"unit_price": "1"})], [sent("10")], instruments=[commit | {"true_up": False}])) == 10
    assert net(quote([api({"unit_price": "1"})], [sent("10")], instruments=[commit | {"ends_on": "2026-12-31"}])) == 10


def test_a_scope_by_dimension_needs_a_row_that_names_it() -> None:
    charge = api({"unit_price": "1"}, {"unit_price": "1", "match": {"region": "eu"}}, metric={"dimensions": ["region"]})
    credit = {"id": "c", "kind": "credit", "balance": "100", "scope": {"dimensions": {"region": "eu"}}}
    assert drawn(quote([charge], [regional("3", "eu"), regional("4", "us")], instruments=[credit])) == {"c": "3"}


def test_a_pricing_unit_converts_at_its_rate() -> None:
    charge = api({"unit_price": "3"}, pricing_unit="token", minimum="50")
    tokens = {"id": "t", "kind": "credit", "balance": "20", "pricing_unit": "token", "scope": {"charges": ["api"]}}
    answer = quote([charge], [sent("10")], pricing_units=[{"key": "token", "rate": "0.1"}], instruments=[tokens])
    # 30 tokens = 3.00, minimum 50 tokens = 5.00, covered 20 tokens = 2.00
    assert lines(answer) == [("api", 0, "3"), ("api", None, "2"), ("api", 0, "-2")]
    assert drawn(answer) == {"t": "20"}


def test_tax_is_rounded_once_per_category_and_rate() -> None:
    charges = [api({"unit_price": "0.333"}), {"key": "b", "prices": [{"unit_price": "0.333"}]}]
    events = [sent("1"), {"charge": "b", "quantity": "1"}]
    taxes = [{"category": "S", "percent": "7.5"}, {"category": "S", "percent": "2.5"}]
    answer = quote(charges, events, taxes=taxes)
    assert [t["tax"] for t in answer["invoices"][0]["taxes"]] == [Fraction("0.05"), Fraction("0.02")]  # of 0.66
    assert answer["total"] == Fraction("0.73")


def test_credits_discounts_and_what_was_taxed_at_purchase_lower_the_taxed_base() -> None:
    taxes = [{"category": "S", "percent": "20"}]
    for kind, at, tax in (("credit", "purchase", "1"), ("prepaid", "purchase", "1"), ("prepaid", "use", "2")):
        instrument = {"id": "i", "kind": kind, "balance": "5", "invoiced": "5", "tax_at": at}
        answer = quote([api({"unit_price": "1"})], [sent("10")], taxes=taxes, instruments=[instrument])
        assert (answer["net"], answer["tax"]) == (5, Fraction(tax))
    lowered = quote([api({"unit_price": "1"})], [sent("10")], taxes=taxes, discounts=[{"id": "d", "amount": "5"}])
    assert lowered["tax"] == 1


# -- time


@pytest.mark.parametrize(
    ("cycle", "starts"),
    [
        ({"start_date": "2026-01-31", "until": "2026-05-31"}, ["01-31", "02-28", "03-31", "04-30", "05-31"]),
        ({"start_date": "2026-01-31", "anchor": "first", "until": "2026-04-01"}, ["01-31", "02-01", "03-01", "04-01"]),
        ({"start_date": "2026-01-10", "anchor": "15", "until": "2026-03-15"}, ["01-10", "01-15", "02-15", "03-15"]),
        ({"start_date": "2026-01-10", "anchor": "31", "until": "2026-03-31"}, ["01-10", "01-31", "02-28", "03-31"]),
        (
            {"start_date": "2026-01-01", "cadence": "DAYS", "days": 10, "until": "2026-01-21"},
            ["01-01", "01-11", "01-21"],
        ),
        (
            {"start_date": "2026-02-10", "cadence": "QUARTERLY", "anchor": "first", "until": "2026-04-01"},
            ["02-10", "04-01"],
        ),
    ],
)
def test_periods_are_counted_from_the_original_anchor(cycle: Body, starts: list[str]) -> None:
    answer = rate({"currency": "USD", "cycle": {"end_date": None, **cycle}, "charges": []})
    assert [i["period"]["start_date"] for i in answer["invoices"]] == [
        date.fromisoformat("2026-" + day) for day in starts
    ]


def test_a_leap_day_returns() -> None:
    cycle = {"start_date": "2024-02-29", "end_date": None, "cadence": "ANNUAL", "until": "2028-02-29"}
    answer = rate({"currency": "USD", "cycle": cycle, "charges": []})
    starts = [i["period"]["start_date"].isoformat() for i in answer["invoices"]]
    assert starts == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_a_cycle_carries_balances_and_bills_stubs() -> None:
    cycle = {"start_date": "2026-01-22", "end_date": "2026-02-14", "anchor": "first", "until": "2026-12-31"}
    credit = {"id": "c", "kind": "credit", "balance": "12"}
    fee = {"key": "fee", "kind": "recurring", "unit_price": "31", "prices": [{"unit_price": "31"}]}
    answer = rate({"currency": "USD", "cycle": cycle, "charges": [fee], "instruments": [credit]})
    # 10/31 x 31 = 10 of the credit, then 14/28 x 31 = 15.50 less the 2 that are left
    assert [i["net"] for i in answer["invoices"]] == [0, Fraction("13.5")]
    assert [i["instruments"][0]["before"] for i in answer["invoices"]] == [12, 2]


def test_an_annual_fee_stands_beside_monthly_usage() -> None:
    cycle = {"start_date": "2026-01-10", "end_date": None, "until": "2027-01-10"}
    body: Body = {"currency": "USD", "cycle": cycle, "charges": [seats(cadence="ANNUAL")]}
    assert [i["net"] for i in rate(body)["invoices"]] == [30] + [0] * 11 + [30]
    body["charges"] = [seats(cadence="ANNUAL", timing="arrears")]
    assert [i["net"] for i in rate(body)["invoices"]] == [0] * 11 + [30, 0]


def test_hours_are_real_hours() -> None:
    zone, metric = "America/New_York", {"aggregation": "TIME_WEIGHTED"}
    charge = api({"unit_price": "721"}, metric=metric)
    # The clocks go back on the 1st: November has 721 hours, and the level stands for all but the first two.
    answer = quote([charge], [sent("1", "2026-11-01T06:00:00Z")], time_zone=zone)
    assert net(answer) == 719
    line = answer["invoices"][0]["lines"][0]
    assert (line["starts_at"], line["ends_at"]) == (
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 12, 1, 5, tzinfo=UTC),
    )


def test_a_day_of_the_account_begins_at_its_midnight() -> None:
    events = [sent("1", "2026-10-31T18:30:00Z"), sent("2", "2026-10-31T18:29:59Z"), sent("4", "2026-11-01")]
    assert net(quote([api({"unit_price": "1"})], events, time_zone="Asia/Kolkata")) == 5


# -- bargains


def test_choices_are_sentences() -> None:
    assert len(CHOICES) > 40 and all(choice.endswith(".") for choice in CHOICES)


def test_bargains_use_every_feature_often() -> None:
    found = [features(bargain(seed)) for seed in range(2000)]
    rare = [name for name in FEATURES if sum(name in names for names in found) < 80]
    assert len(FEATURES) >= 30 and not rare


def test_bargains_rate_and_add_up() -> None:
    for seed in range(150):
        body = bargain(seed)
        assert body == bargain(seed)
        for invoice in rate(body)["invoices"]:
            assert invoice["net"] == sum(line["amount"] for line in invoice["lines"])
            for item in invoice["instruments"]:
                assert item["before"] == item["drawn"] + item["expired"] + item["after"] and item["after"] >= 0
