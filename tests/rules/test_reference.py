"""The tests' own reference says what the rules say: every value here was worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from tests import reference
from tests.reference import Read

DAY = datetime(2026, 3, 5, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)


def metric(aggregation: str, **more: Any) -> SimpleNamespace:
    plain = {"filters": (), "dimensions": (), "measures": (), "measure_dimension": None, "carry": False}
    later = {"of_level": False, "per": (), "window": None, "again": None}
    return SimpleNamespace(**plain | later | {"aggregation": aggregation} | more)


def read(hour: float, amount: int, id: str = "a", **dims: str) -> Read:
    at = DAY + timedelta(seconds=int(hour * 3600))
    return Read(at, "api", id, tuple(sorted(dims.items())), Fraction(amount), str(amount))


SEEN = [read(-1, 5), read(6, 2, "b"), read(6, 4, "a"), read(12, 3, "c"), read(23, 3, "d"), read(25, 9, "e")]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("SUM", 12), ("COUNT", 12), ("MAX", 4), ("MIN", 2), ("AVERAGE", 3), ("UNIQUE", 3), ("LATEST", 3)],
)
def test_only_what_lies_inside_counts(aggregation, expected):
    assert reference.total(metric(aggregation), SEEN, DAY, NEXT) == expected
    assert reference.total(metric(aggregation), SEEN[:1], DAY, NEXT) == 0


def test_of_one_instant_the_later_id_is_the_latest_and_only_carry_carries():
    assert reference.total(metric("LATEST"), SEEN[:3], DAY, NEXT) == 2
    assert reference.total(metric("LATEST", carry=True), SEEN[:1], DAY, NEXT) == 5
    assert reference.total(metric("LATEST", carry=True), SEEN[:4], DAY, NEXT) == 3


def test_a_level_starts_from_what_earlier_events_left_and_is_divided_by_the_full_period():
    seats = metric("TIME_WEIGHTED")
    changes = [read(-30, 5), read(-2, -1), read(6, 2), read(18, -6)]
    assert reference.total(seats, changes, DAY, NEXT) == Fraction(4 * 6 + 6 * 12 + 0 * 6, 24)
    noon = DAY + timedelta(hours=12)
    first = reference.total(seats, changes, DAY, noon, full=(DAY, NEXT))
    assert first == Fraction(4 * 6 + 6 * 6, 24)
    readings = [read(-30, 5), read(6, 2), read(18, 6)]
    assert reference.total(metric("TIME_WEIGHTED", of_level=True), readings, DAY, NEXT) == Fraction(30 + 24 + 36, 24)
    both = [read(-30, 5, region="eu"), read(6, 2, region="eu"), read(18, 6, region="us")]
    assert reference.total(metric("TIME_WEIGHTED", of_level=True), both, DAY, NEXT) == Fraction(30 + 24 + 12 + 36, 24)


def test_each_value_of_per_is_aggregated_first():
    seen = [read(1, 5, region="eu"), read(2, 3, region="us"), read(3, 4, region="us")]
    assert reference.total(metric("MAX"), seen, DAY, NEXT) == 5
    assert reference.total(metric("MAX", per=("region",)), seen, DAY, NEXT) == 9
    assert reference.total(metric("LATEST", per=("region",)), seen, DAY, NEXT) == 9


def test_windows_are_aggregated_and_then_again():
    seen = [read(1, 5), read(1.5, 7), read(2, 3), read(30, 100)]
    for again, expected in (("sum", 10), ("max", 7), ("average", 5), ("p95", 7)):
        assert reference.total(metric("MAX", window="hour", again=again), seen, DAY, NEXT) == expected
    level = metric("TIME_WEIGHTED", window="hour", again="average")
    assert reference.total(level, [read(-5, 4), read(2, -4), read(2.5, 2)], DAY, DAY + 3 * reference.HOUR) == 3
    assert reference.total(level, [read(-5, 4), read(2, -4), read(6.5, 2)], DAY, DAY + 8 * reference.HOUR) == Fraction(
        11, 5
    )
    assert reference.again("p95", [Fraction(n) for n in range(1, 21)]) == 19
    assert reference.again("p95", [Fraction(n) for n in range(1, 101)]) == 95
    assert reference.again("p95", [Fraction(3)]) == 3


def test_days_are_those_of_the_zone_however_its_clock_is_set():
    assert reference.midnight(date(2026, 3, 5), "Asia/Kathmandu") == datetime(2026, 3, 4, 18, 15, tzinfo=UTC)
    assert reference.midnight(date(2026, 1, 5), "Pacific/Chatham") == datetime(2026, 1, 4, 10, 15, tzinfo=UTC)
    assert reference.midnight(date(2026, 3, 5), "Australia/Eucla") == datetime(2026, 3, 4, 15, 15, tzinfo=UTC)
    seen = [read(-1, 5), read(1, 7), read(17.9, 2)]  # Berlin: all on 5 March
    berlin = metric("MAX", window="day", again="sum")
    assert reference.total(berlin, seen, DAY - timedelta(hours=1), NEXT, zone="Europe/Berlin") == 7
    assert reference.total(berlin, seen, DAY - timedelta(hours=1), NEXT, zone="UTC") == 12
    spans = list(reference.windows("day", DAY, NEXT, "Asia/Kathmandu"))
    assert [start.hour for start, _ in spans] == [18, 18] and spans[0][0] < DAY < spans[1][0] < NEXT


def test_an_event_is_read_or_refused_by_name():
    tokens = SimpleNamespace(field="tokens", value="all", less=("cached",))
    context = SimpleNamespace(key="context", field="tokens", thresholds=(Decimal(10), Decimal(20)), required=True)
    one = metric("SUM", measures=(tokens,), measure_dimension="kind", dimensions=(context,))

    def fact(**data: Any) -> SimpleNamespace:
        return SimpleNamespace(time=DAY, source="api", id="1", data=data)

    found = reference.readings(one, fact(tokens="20.50", cached=Decimal("0.5")))
    assert found == [Read(DAY, "api", "1", (("context", ">20"), ("kind", "all")), Fraction(20))]
    assert [reference.readings(one, fact(tokens=n))[0].dims[0][1] for n in (10, 11, 20)] == [
        "≤10",
        ">10 ≤20",
        ">10 ≤20",
    ]
    for data in ({"tokens": True}, {"tokens": 10**20}, {"tokens": 1, "cached": 2}):
        with pytest.raises(reference.Unusable, match="INVALID_FIELD"):
            reference.readings(one, fact(**data))
    with pytest.raises(reference.Unusable, match="MISSING_FIELD"):
        reference.readings(one, fact())


def test_the_digest_is_the_one_of_the_page_of_rules():
    data = {"output_tokens": Decimal("3.5e2"), "model": "gpt-4o", "input_tokens": Decimal("1200.0")}
    said = "ad4a84997bc80d0906a6874b42a085a553e07cc66fbf82c646069f8f26523689"
    at = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    assert reference.body_digest("llm.request", "acme", at, data).hex() == said
