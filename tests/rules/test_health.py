"""Health of ingestion in words: what is told, from which figure on, worst first."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.rules.health import Backlog, Stretch, findings, total, typical_lag
from metering.rules.spoken import BYTES, milliseconds, spoken, unit_for

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WELL = Stretch(NOW, batches=10, accepted=100)


def told(recent: Stretch = WELL, backlog: Backlog | None = None, last_at: datetime | None = NOW) -> list[str]:
    return [each.code for each in findings(recent, backlog or Backlog(), last_at, NOW)]


def test_nothing_is_told_where_all_is_well() -> None:
    assert told() == []
    assert told(Stretch(NOW)) == []  # a quiet minute after a recent event is no news
    assert told(backlog=Backlog(3, 300, NOW - 30 * SECOND, 9, 6)) == []


@pytest.mark.parametrize(
    ("late", "accepted", "expected"), [(5, 100, []), (6, 100, ["late"]), (1, 19, ["late"]), (1, 20, [])]
)
def test_events_are_late_above_five_percent(late: int, accepted: int, expected: list[str]) -> None:
    assert told(Stretch(NOW, accepted=accepted, late=late)) == expected


def test_what_is_set_aside_is_told_with_its_share() -> None:
    recent = Stretch(NOW, accepted=80, duplicates=10, conflicts=2, quarantined=3, rejected=5)
    (only,) = findings(recent, Backlog(), NOW, NOW)
    assert only.words == "Events are set aside: 10 of 100 in the last 15 minutes could not be counted"
    assert told(Stretch(NOW, accepted=95, rejected=5)) == []
    assert told(Stretch(NOW, rejected=1)) == ["set_aside"]


def test_silence_is_told_from_a_quarter_of_an_hour_on() -> None:
    assert told(last_at=None) == ["nothing_yet"]
    assert told(last_at=NOW - 15 * MINUTE + SECOND) == []
    (only,) = findings(WELL, Backlog(), NOW - 23 * MINUTE, NOW)
    assert (only.code, only.words) == ("quiet", "Nothing was accepted for 23 min")


def test_a_backlog_grows_or_shrinks_and_comes_first() -> None:
    backlog = Backlog(12, 4000, NOW - 120 * SECOND, arrived=30, folded=18)
    found = findings(Stretch(NOW, accepted=1, late=1), backlog, NOW - 20 * MINUTE, NOW)
    assert [each.code for each in found] == ["backlog_grows", "quiet", "late"]
    assert found[0].words == "The backlog grows: 12 bodies wait to be counted, the oldest for 2 min"
    shrinks = Backlog(1, 40, NOW - 31 * SECOND, arrived=5, folded=5)
    (only,) = findings(WELL, shrinks, NOW, NOW)
    assert (only.severity, only.words) == (
        "INFO", "The backlog shrinks, and is not gone yet: 1 body waits to be counted, the oldest for 31 s",
    )  # fmt: skip


def test_sums_and_the_typical_lag() -> None:
    rows = [
        Stretch(NOW, 1, 10, 1, 2, 3, 4, 5, lag_ms_sum=1000, lag_ms_max=900),
        Stretch(NOW, 1, 2, lag_ms_sum=10_000_000, lag_ms_max=9_000_000),
        Stretch(NOW),
        Stretch(NOW, 1, 4, lag_ms_sum=800, lag_ms_max=700),
    ]
    whole = total(rows, NOW)
    assert (whole.batches, whole.accepted, whole.arrived, whole.aside, whole.late) == (3, 16, 26, 9, 5)
    assert (whole.lag_ms, whole.lag_ms_max) == (10_001_800 // 16, 9_000_000)
    assert typical_lag(rows) == 200  # of 100, 5,000,000 and 200
    assert typical_lag(rows[:2]) == 100
    assert typical_lag([Stretch(NOW)]) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 ms"), (420, "420 ms"), (999, "999 ms"), (1245, "1.2 s"), (2000, "2 s"), (4249, "4.2 s"), (4250, "4.3 s"),
     (59_400, "59 s"), (120_000, "2 min"), (3_600_000, "1 h"), (90 * 60_000, "1.5 h"), (47 * 3_600_000, "47 h"),
     (10**9, "12 days")],
)  # fmt: skip
def test_stretches_are_said_shortly(number: int, said: str) -> None:
    assert spoken(number) == said


def test_sizes_and_units() -> None:
    assert [spoken(size, BYTES) for size in (1, 2000, 12_345_678)] == ["1 B", "2 kB", "12 MB"]
    assert unit_for(3_599_999) == ("min", 60_000)
    assert milliseconds(timedelta(seconds=1, microseconds=999)) == 1000
