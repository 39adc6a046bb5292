"""Limits as pure rules: windows, conversion, what is left, which thresholds are passed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.terms import Aggregation, MetricTerms, Window
from metering.rules import limit_faults, limit_words, quotas
from metering.rules.quotas import Standing
from monetization.values.errors import Invalid
from monetization.values.money import round_half_away
from monetization.values.periods import Cadence, Cycle, Period

D = Decimal
ZONES = sorted(available_timezones())


def metric(divisor: str = "1", **more) -> MetricTerms:
    given = {"metric": "units", "version_id": 1, "number": 1, "event_type": "work", "aggregation": Aggregation.SUM}
    return MetricTerms(**given | {"measures": (), "unit": "unit", "divisor": D(divisor)} | more)


def standing(most: str, spent: str = "0", held: str = "0", **more) -> Standing:
    given = {"limit_id": 1, "name": "x", "kind": "QUANTITY", "match": {}, "is_hard": True, "fails_open": False}
    given |= {"hold_seconds": 300, "window": "DAY", "currency": ""}
    return Standing(**given | {"most": D(most), "spent": D(spent), "held": D(held)} | more)


@given(st.decimals(-(10**20), 10**20, places=18), st.decimals("0.000001", 10**9, places=6))
def test_conversion_is_the_fraction_rounded_once(quantity: Decimal, divisor: Decimal) -> None:
    found = quotas.converted(quantity, metric(str(divisor)))
    assert found == round_half_away(Fraction(quantity) / Fraction(divisor), 18)


def test_conversion_of_tokens_is_exact() -> None:
    assert quotas.converted(D(4808), metric("1000000")) == D("0.004808")
    assert quotas.converted(D("0.000000000001"), metric("1000000")) == D("0.000000000000000001")
    assert quotas.converted(D(1), metric("3")) == D("0.333333333333333333")


@pytest.mark.parametrize(
    ("most", "spent", "held", "amount", "fits"),
    [
        ("10", "4", "5", "1", True),
        ("10", "4", "5", "1.000000000000000001", False),
        ("10", "0", "0", "10", True),
        ("10", "11", "0", "0", False),
        ("0", "0", "0", "0", True),
        ("0", "0", "0", "0.1", False),
    ],
)
def test_what_fits(most: str, spent: str, held: str, amount: str, fits: bool) -> None:
    assert standing(most, spent, held).has_room(D(amount)) == fits


def test_money_is_used_up_at_its_limit() -> None:
    assert standing("10", "9.99", kind="SPEND").has_room(D(10**9))
    assert not standing("10", "10", kind="BALANCE").has_room(D(0))


def test_the_nearest_limit_is_hard_and_has_the_smallest_part_left() -> None:
    wide, narrow = standing("100", "50", limit_id=1), standing("10", "6", limit_id=2)
    soft = standing("10", "10", limit_id=3, is_hard=False)
    assert quotas.nearest([wide, soft, narrow]) is narrow
    assert quotas.nearest([soft]) is soft and quotas.nearest([]) is None
    assert quotas.nearest([wide, standing("0", limit_id=4)]).limit_id == 4


def test_a_dimension_not_named_may_be_any_value() -> None:
    match = {"model": "o3", "region": "eu"}
    assert [quotas.may_concern(match, dims) for dims in ({}, {"model": "o3"}, {"model": "gpt"}, match)] == [
        True, True, False, True,
    ]  # fmt: skip
    assert [quotas.counts(match, dims) for dims in ((), (("model", "o3"),), (("region", "eu"), ("model", "o3")))] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spent", "most", "found"),
    [
        ("79.99", "100", []), ("80", "100", [80]), ("150", "100", [80, 100]), ("0", "0", []), ("0.1", "0", [80, 100]),
        ("-5", "100", []),
    ],
)  # fmt: skip
def test_thresholds_reached(spent: str, most: str, found: list[int]) -> None:
    assert quotas.reached(D(spent), D(most), [100, 80, 80]) == found


@pytest.mark.parametrize(
    ("before", "after", "most", "new"),
    [
        ("90", "100", "100", False), ("90", "100.1", "100", True), ("100.1", "100.9", "100", False),
        ("100.9", "101", "100", True), ("120", "110", "100", False), ("0", "1", "0", True), ("1", "2", "0", False),
    ],
)  # fmt: skip
def test_an_overrun_is_written_when_it_begins_and_by_the_percent(before: str, after: str, most: str, new: bool) -> None:
    assert quotas.is_new_overrun(D(before), D(after), D(most)) == new


# -- windows


@given(st.sampled_from(ZONES), st.integers(5 * 31_556_952, 67 * 31_556_952))
def test_every_instant_lies_in_its_day_and_its_month(zone: str, second: int) -> None:
    at = datetime.fromtimestamp(second, UTC)
    day, month = (quotas.window_of(kind, at, zone) for kind in ("DAY", "BILLING_PERIOD"))
    assert at in day and at in month
    assert timedelta(hours=20) <= day.ends_at - day.starts_at <= timedelta(hours=49)
    assert month.starts_at <= day.starts_at and day.ends_at <= month.ends_at
    following = quotas.window_of("DAY", day.ends_at, zone)
    assert following.starts_at == day.ends_at


def test_windows_by_hand() -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the night in which Berlin turns its clocks back: 25 hours
    assert quotas.window_of("DAY", at, "Europe/Berlin") == Period(
        datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)
    )
    cycle = Cycle(date(2026, 1, 31), "Asia/Kolkata", Cadence.MONTHLY)
    assert quotas.window_of("BILLING_PERIOD", datetime(2026, 3, 1, tzinfo=UTC), "Asia/Kolkata", [cycle]) == Period(
        datetime(2026, 2, 27, 18, 30, tzinfo=UTC), datetime(2026, 3, 30, 18, 30, tzinfo=UTC)
    )
    before = quotas.window_of("BILLING_PERIOD", datetime(2026, 1, 5, tzinfo=UTC), "Asia/Kolkata", [cycle])
    assert before == Period(datetime(2025, 12, 31, 18, 30, tzinfo=UTC), datetime(2026, 1, 31, 18, 30, tzinfo=UTC))


# -- what a limit may say


def faults(**change) -> list[tuple[str | None, str]]:
    given = {
        "kind": "QUANTITY", "has_metric": True, "has_product": False, "currency": "", "window": "BILLING_PERIOD",
        "match": {}, "dimensions": ("model",), "metric": metric(), "thresholds": (80, 100), "hold_seconds": 300,
        "emails": (),
    }  # fmt: skip
    return [(each.field, each.code) for each in limit_faults.faults(**given | change)]


def test_a_limit_of_what_does_not_add_up_is_refused() -> None:
    assert faults() == []
    for aggregation in Aggregation:
        found = faults(metric=metric(aggregation=aggregation))
        assert found == ([] if aggregation.name in ("SUM", "COUNT") else [("metric", "does_not_add_up")]), aggregation
    assert faults(metric=metric(window=Window.HOUR)) == [("metric", "does_not_add_up")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"has_metric": False, "metric": None}, "metric"),
        ({"metric": None}, "metric"),
        ({"currency": "EUR"}, "currency"),
        ({"match": {"modle": "x"}}, "match.modle"),
        ({"thresholds": (80, 1001)}, "thresholds[1]"),
        ({"thresholds": range(1, 12)}, "thresholds"),
        ({"hold_seconds": 86_401}, "hold_seconds"),
        ({"emails": ["x"] * 21}, "emails"),
        ({"kind": "SPEND", "currency": "EUR"}, "metric"),
        ({"kind": "SPEND", "has_metric": False, "currency": "eur"}, "currency"),
        ({"kind": "BALANCE", "has_metric": False, "currency": "EUR", "match": {"model": "x"}}, "match"),
    ],
)
def test_what_is_wrong_with_a_limit_is_named(change, field: str) -> None:
    assert [found for found, _ in faults(**change)] == [field]


def test_how_long_a_reservation_holds() -> None:
    assert quotas.hold_seconds(None, []) == 300
    assert quotas.hold_seconds(None, [standing("1", hold_seconds=60), standing("1")]) == 60
    assert quotas.hold_seconds(86_400, [standing("1", hold_seconds=60)]) == 86_400
    with pytest.raises(Invalid):
        quotas.hold_seconds(0, [])


# -- what people type


def test_what_people_type() -> None:
    assert limit_words.most_in(" 1,250.075 ") == D("1250.075")
    assert limit_words.percentages_in("80 %, 100%") == [80, 100] and limit_words.percentages_in("") == []
    assert limit_words.seconds_in("") == 300 and limit_words.seconds_in("60") == 60
    assert limit_words.match_in("model=o3, region = eu\n") == {"model": "o3", "region": "eu"}
    assert limit_words.words_in("a@b.example; c@d.example\n") == ["a@b.example", "c@d.example"]


@pytest.mark.parametrize(
    ("read", "text"),
    [("most_in", ""), ("most_in", "1e9"), ("most_in", "1.2.3"), ("most_in", "1,5"), ("most_in", "12,34"),
     ("percentages_in", "-1"), ("percentages_in", "all"),
     ("seconds_in", "1.5"), ("match_in", "o3"), ("match_in", "=o3")],
)  # fmt: skip
def test_what_cannot_be_read_is_said(read: str, text: str) -> None:
    with pytest.raises(Invalid):
        getattr(limit_words, read)(text)
