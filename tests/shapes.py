"""Metrics of every aggregation, and random events, cuts and zones for them: what equality is tried on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from hypothesis import strategies as st

from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Again, Aggregation, Dimension, Filter, FilterOp, Measure, Window
from monetization.values.periods import Period

A = Aggregation
LONG_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ODD_ZONES = ("Asia/Kathmandu", "Pacific/Chatham", "Australia/Eucla", "Australia/Lord_Howe", "America/St_Johns", "UTC")
EVERY_ZONE = tuple(sorted(available_timezones()))
STARTS = (  # weeks in which clocks change, and one in which they don't
    datetime(2025, 10, 23, tzinfo=UTC),
    datetime(2026, 2, 26, tzinfo=UTC),
    datetime(2026, 3, 26, tzinfo=UTC),
    datetime(2026, 4, 2, tzinfo=UTC),
)
REGION, PLAN = Dimension("region", "region", required=False), Dimension("plan", "at.plan")
BAND = Dimension("band", "v", (Decimal(10), Decimal(100)))
VALUE = (Measure("v"),)


def _draft(name: str, aggregation: Aggregation, **more: Any) -> MetricDraft:
    plain: dict[str, Any] = {"measures": VALUE, "dimensions": (REGION,)}
    return MetricDraft(f"shape.{name}", aggregation, "unit", LONG_SINCE, **plain | more)


_SHAPES: dict[str, tuple[Aggregation, dict[str, Any]]] = {
    "sum": (A.SUM, {
        "measures": (Measure("v", "all", ("w",)), Measure("w", "part")), "measure_dimension": "kind",
        "dimensions": (PLAN, BAND), "filters": (Filter("ok", FilterOp.IN, ("true", "1")),),
    }),
    "count": (A.COUNT, {"measures": (), "dimensions": (PLAN, REGION), "filters": (Filter("v", FilterOp.GE, ("3",)),)}),
    "max": (A.MAX, {"dimensions": (REGION, PLAN), "filters": (Filter("ok", FilterOp.EXISTS),)}),
    "max-per": (A.MAX, {"dimensions": (REGION, PLAN), "per": ("region",)}),
    "min": (A.MIN, {"dimensions": (REGION, BAND)}),
    "latest": (A.LATEST, {}),
    "latest-carry": (A.LATEST, {"carry": True}),
    "latest-carry-per": (A.LATEST, {"carry": True, "per": ("region",)}),
    "unique": (A.UNIQUE, {"measures": (Measure("who"),), "filters": (Filter("v", FilterOp.LT, ("50",)),)}),
    "unique-per": (A.UNIQUE, {"measures": (Measure("who"),), "dimensions": (REGION, PLAN), "per": ("plan",)}),
    "average": (A.AVERAGE, {"dimensions": (REGION, PLAN)}),
    "average-per": (A.AVERAGE, {"per": ("region",)}),
    "change": (A.TIME_WEIGHTED, {"dimensions": (REGION, PLAN)}),
    "change-per": (A.TIME_WEIGHTED, {"per": ("region",)}),
    "level": (A.TIME_WEIGHTED, {"of_level": True, "dimensions": (PLAN,)}),
    "level-per": (A.TIME_WEIGHTED, {"of_level": True, "per": ("region",)}),
    "sum-hour-max": (A.SUM, {"window": Window.HOUR, "again": Again.MAX}),
    "sum-day-p95": (A.SUM, {"window": Window.DAY, "again": Again.P95, "per": ("region",)}),
    "count-hour-p95": (A.COUNT, {"measures": (), "window": Window.HOUR, "again": Again.P95}),
    "max-day-sum": (A.MAX, {"window": Window.DAY, "again": Again.SUM}),
    "min-day-average": (A.MIN, {"window": Window.DAY, "again": Again.AVERAGE}),
    "latest-day-sum": (A.LATEST, {"window": Window.DAY, "again": Again.SUM}),
    "unique-day-max": (A.UNIQUE, {"measures": (Measure("who"),), "window": Window.DAY, "again": Again.MAX}),
    "average-day-max": (A.AVERAGE, {"window": Window.DAY, "again": Again.MAX}),
    "change-hour-max": (A.TIME_WEIGHTED, {"window": Window.HOUR, "again": Again.MAX}),
    "change-day-average": (A.TIME_WEIGHTED, {"window": Window.DAY, "again": Again.AVERAGE, "per": ("region",)}),
    "level-day-p95": (A.TIME_WEIGHTED, {"of_level": True, "window": Window.DAY, "again": Again.P95}),
}  # fmt: skip
SHAPES = {name: _draft(name, aggregation, **more) for name, (aggregation, more) in _SHAPES.items()}


@dataclass(frozen=True, slots=True)
class Sample:
    """A period of an account in its zone, the cuts inside, and events in the order of their arrival."""

    zone: str
    cuts: tuple[Period, ...]
    events: tuple[dict[str, Any], ...]

    @property
    def period(self) -> Period:
        return Period(self.cuts[0].starts_at, self.cuts[-1].ends_at)


def times(start: datetime) -> st.SearchStrategy[datetime]:
    """Give instants of six weeks before and six days after: any, and those on and beside the bounds of hours."""
    hours = st.integers(-3 * 24, 6 * 24).map(lambda n: start + timedelta(hours=n))
    quarters = st.integers(0, 6 * 96).map(lambda n: start + timedelta(minutes=15 * n))
    beside = st.sampled_from((-timedelta(microseconds=1), timedelta(0), timedelta(0), timedelta(microseconds=1)))
    near = st.builds(lambda at, by: at + by, hours | quarters, beside)
    any_time = st.integers(-6 * 86_400_000_000, 6 * 86_400_000_000).map(lambda n: start + timedelta(microseconds=n))
    long_before = st.integers(1, 40).map(lambda n: start - timedelta(days=n, minutes=7 * n))
    return near | any_time | long_before


AMOUNTS = (
    st.integers(-40, 200)
    | st.sampled_from([10, 11, 100, 101, 3, 0])
    | st.integers(-(10**19), 10**19).map(lambda n: Decimal(n).scaleb(-18))
)


def data(metric: MetricDraft) -> st.SearchStrategy[dict[str, Any]]:
    """Give an event's data: everything that the metric needs, and sometimes what it doesn't."""
    amounts = AMOUNTS if metric.measure_dimension == "" else st.integers(100, 300)
    return st.fixed_dictionaries(
        {"v": amounts, "who": st.sampled_from(["ann", "bob", 1, Decimal("1.0"), "1", True]),
         "at": st.sampled_from([{"plan": "pro"}, {"plan": "free"}])},
        optional={"region": st.sampled_from(["eu", "us"]), "ok": st.sampled_from([True, False, 1, "1"]),
                  "w": st.integers(0, 99)},
    )  # fmt: skip


@st.composite
def samples(draw: st.DrawFn, metric: MetricDraft, most: int = 14) -> Sample:
    start, zone = draw(st.sampled_from(STARTS)), draw(zones())
    count = draw(st.integers(1, most))
    events = tuple(
        {"id": f"e{number}", "type": metric.event_type, "time": draw(times(start)), "data": draw(data(metric))}
        for number in draw(st.permutations(range(count)))
    )
    return Sample(zone, tuple(draw(cuts(start))), events)


def zones() -> st.SearchStrategy[str]:
    """Give any zone there is, odd ones more often."""
    return st.sampled_from(ODD_ZONES) | st.sampled_from(EVERY_ZONE)


@st.composite
def cuts(draw: st.DrawFn, start: datetime) -> Sequence[Period]:
    """Cut a period of two to five days at any seconds."""
    first = start + timedelta(minutes=15 * draw(st.integers(0, 100)))
    length = draw(st.integers(2 * 86_400, 5 * 86_400))
    at = draw(st.sets(st.integers(1, length - 1), max_size=3))
    edges = [first, *(first + each * SECOND for each in sorted(at)), first + length * SECOND]
    return [Period(*pair) for pair in pairwise(edges)]
