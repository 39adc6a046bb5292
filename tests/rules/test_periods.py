"""Periods: half-open, cut at local midnights, computed from the original anchor, tiling for every zone."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monetization.values.errors import Invalid
from monetization.values.periods import (
    Cadence,
    Cycle,
    Period,
    days_in,
    local_date,
    local_midnight,
    service_period,
)

BERLIN = "Europe/Berlin"
ZONES = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
DATES = st.dates(date(1975, 1, 1), date(2040, 1, 1))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(cycle: Cycle, number: int) -> list[str]:
    return [str(local_date(p.starts_at, cycle.zone)) for p in islice(cycle.periods(), number)]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 3, 1), BERLIN, "2026-02-28T23:00"),
        (date(2026, 7, 1), BERLIN, "2026-06-30T22:00"),
        (date(2026, 1, 1), "Asia/Kathmandu", "2025-12-31T18:15"),
        (date(2026, 1, 1), "Pacific/Kiritimati", "2025-12-31T10:00"),
        # Clocks go forward at midnight: the day starts at 01:00.
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00"),
        # Midnight comes twice: the day starts at the first.
        (date(2023, 11, 5), "America/Havana", "2023-11-05T04:00"),
        # The day was left out: it starts, empty, with the next one.
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00"),
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00"),
        (date(2012, 1, 1), "Pacific/Apia", "2011-12-31T10:00"),
    ],
)
def test_a_day_starts_at_its_first_instant(day: date, zone: str, instant: str) -> None:
    assert local_midnight(day, zone) == utc(instant)


@pytest.mark.parametrize("zone", ["", "Berlin", "Europe/Nowhere", "../etc/passwd", "Europe/"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(Invalid) as refusal:
        local_midnight(date(2026, 1, 1), zone)
    assert refusal.value.field == "zone"


@given(DATES, ZONES)
def test_a_day_starts_where_the_day_before_ends(day: date, zone: str) -> None:
    start, end = local_midnight(day, zone), local_midnight(day + timedelta(days=1), zone)
    second = timedelta(seconds=1)
    assert timedelta(0) <= end - start <= timedelta(hours=26)
    assert local_date(start - second, zone) < day <= local_date(start, zone)


@pytest.mark.parametrize(
    ("cycle", "starts"),
    [
        (Cycle(date(2026, 1, 31), BERLIN), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (Cycle(date(2024, 1, 30), BERLIN), ["2024-01-30", "2024-02-29", "2024-03-30"]),
        (Cycle(date(2026, 2, 28), BERLIN), ["2026-02-28", "2026-03-28", "2026-04-28"]),
        (
            Cycle(date(2024, 2, 29), BERLIN, Cadence.ANNUAL),
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        ),
        (
            Cycle(date(2025, 11, 30), BERLIN, Cadence.QUARTERLY),
            ["2025-11-30", "2026-02-28", "2026-05-30"],
        ),
        (Cycle(date(2026, 1, 15), BERLIN, anchor="first"), ["2026-01-15", "2026-02-01", "2026-03-01"]),
        (Cycle(date(2026, 1, 1), BERLIN, anchor="first"), ["2026-01-01", "2026-02-01"]),
        (
            Cycle(date(2026, 2, 15), BERLIN, Cadence.QUARTERLY, "first"),
            ["2026-02-15", "2026-04-01", "2026-07-01"],
        ),
        (
            Cycle(date(2026, 2, 15), BERLIN, Cadence.ANNUAL, "first"),
            ["2026-02-15", "2027-01-01", "2028-01-01"],
        ),
        (Cycle(date(2026, 1, 15), BERLIN, anchor="31"), ["2026-01-15", "2026-01-31", "2026-02-28"]),
        (Cycle(date(2026, 4, 10), BERLIN, anchor="31"), ["2026-04-10", "2026-04-30", "2026-05-31"]),
        (Cycle(date(2026, 1, 15), BERLIN, anchor="10"), ["2026-01-15", "2026-02-10", "2026-03-10"]),
        (Cycle(date(2026, 1, 15), BERLIN, anchor="15"), ["2026-01-15", "2026-02-15"]),
        (Cycle(date(2026, 12, 20), BERLIN, anchor="5"), ["2026-12-20", "2027-01-05"]),
        (
            Cycle(date(2026, 1, 15), BERLIN, Cadence.DAYS, days=10),
            ["2026-01-15", "2026-01-25", "2026-02-04"],
        ),
    ],
)
def test_every_period_is_computed_from_the_original_anchor(cycle: Cycle, starts: list[str]) -> None:
    assert days(cycle, len(starts)) == starts


def test_the_last_day_is_still_served_and_stubs_are_known() -> None:
    cycle = Cycle(date(2026, 1, 15), BERLIN, anchor="first", end_date=date(2026, 3, 10))
    spans = [(str(p.starts_at), str(p.ends_at), days_in(p, BERLIN)) for p in cycle.periods()]
    assert spans == [
        ("2026-01-14 23:00:00+00:00", "2026-01-31 23:00:00+00:00", 17),
        ("2026-01-31 23:00:00+00:00", "2026-02-28 23:00:00+00:00", 28),
        ("2026-02-28 23:00:00+00:00", "2026-03-10 23:00:00+00:00", 10),
    ]
    assert [cycle.is_stub(index) for index in range(3)] == [True, False, True]
    assert cycle.period(3) is None
    assert cycle.containing(utc("2026-03-10T22:59:59")) == (2, list(cycle.periods())[2])
    assert cycle.containing(utc("2026-03-10T23:00")) is None
    assert cycle.containing(utc("2026-01-14T22:59:59")) is None


def test_a_contract_that_ends_with_a_period_has_no_stub() -> None:
    cycle = Cycle(date(2026, 1, 1), BERLIN, end_date=date(2026, 1, 31))
    assert not cycle.is_stub(0)
    assert len(list(cycle.periods())) == 1


def test_days_with_a_change_of_clocks_are_days() -> None:
    march = service_period(date(2026, 3, 1), date(2026, 3, 31), BERLIN)
    assert days_in(march, BERLIN) == 31
    assert march.ends_at is not None
    assert march.ends_at - march.starts_at == timedelta(days=31) - timedelta(hours=1)


def test_a_day_that_a_zone_left_out_is_no_period() -> None:
    cycle = Cycle(date(2011, 12, 29), "Pacific/Apia", Cadence.DAYS, days=1)
    assert days(cycle, 3) == ["2011-12-29", "2011-12-31", "2012-01-01"]
    assert cycle.containing(utc("2011-12-30T10:00")) == (2, cycle.period(2))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"anchor": "0"}, "anchor"),
        ({"anchor": "32"}, "anchor"),
        ({"anchor": "01"}, "anchor"),
        ({"anchor": "last"}, "anchor"),
        ({"anchor": ""}, "anchor"),
        ({"anchor": "²"}, "anchor"),
        ({"days": 3}, "days"),
        ({"cadence": Cadence.DAYS}, "days"),
        ({"cadence": Cadence.DAYS, "days": -1}, "days"),
        ({"cadence": Cadence.DAYS, "days": 7, "anchor": "first"}, "anchor"),
        ({"end_date": date(2026, 1, 14)}, "end_date"),
    ],
)
def test_a_cycle_that_makes_no_sense_is_refused(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Cycle(date(2026, 1, 15), BERLIN, **wrong)  # type: ignore[arg-type]
    assert refusal.value.field == field


@given(
    start=DATES,
    zone=ZONES,
    cadence=st.sampled_from([Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.ANNUAL]),
    anchor=st.sampled_from(["contract_day", "first", *map(str, range(1, 32))]),
    length=st.integers(0, 800),
)
def test_periods_tile_the_contract_in_every_zone(
    start: date, zone: str, cadence: Cadence, anchor: str, length: int
) -> None:
    end = start + timedelta(days=length)
    cycle = Cycle(start, zone, cadence, anchor, end)
    found, whole = list(cycle.periods()), service_period(start, end, zone)
    assert found[0].starts_at == whole.starts_at
    assert found[-1].ends_at == whole.ends_at
    for earlier, later in zip(found, found[1:], strict=False):
        assert earlier.ends_at == later.starts_at
    for period in found:
        located = cycle.containing(period.starts_at)
        assert located is not None
        assert located[1] == period
        assert cycle.period(located[0]) == period
        assert period.ends_at is not None
        inside = cycle.containing(period.ends_at - timedelta(microseconds=1))
        assert inside == located


@given(start=DATES, zone=ZONES, number=st.integers(1, 90), ahead=st.integers(0, 400))
def test_periods_of_days_hold_their_number_of_days(start: date, zone: str, number: int, ahead: int) -> None:
    cycle = Cycle(start, zone, Cadence.DAYS, days=number)
    first, end = cycle.dates(ahead)
    assert (first, end) == (start + timedelta(days=ahead * number), first + timedelta(days=number))
    period = cycle.period(ahead)
    assert period is not None
    if not period.is_empty:
        located = cycle.containing(period.starts_at)
        assert located is not None
        assert located[1] == period


def test_half_open_and_refused_when_reversed_or_naive() -> None:
    a, b, c = utc("2026-01-01"), utc("2026-01-02"), utc("2026-01-03")
    period = Period(a, b)
    assert a in period
    assert b not in period
    assert Period(a, None).overlap(Period(b, c)) == Period(b, c)
    assert period.overlap(Period(b, c)) is None
    assert Period(a, c).cut([b, a, c, b]) == [Period(a, b), Period(b, c)]
    assert Period(a, None).cut([b]) == [Period(a, b), Period(b, None)]
    with pytest.raises(Invalid):
        Period(b, a)
    with pytest.raises(Invalid):
        Period(a.replace(tzinfo=None), b)
    with pytest.raises(Invalid):
        days_in(Period(a, None), BERLIN)
