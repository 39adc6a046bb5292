"""Fees of a longer cadence under amendments: what all bills owe together is what every day came to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile

from hypothesis import given
from hypothesis import strategies as st

from catalog.rules.agreed import Timing
from catalog.rules.fees import quantity_on
from catalog.rules.owed import Stood, owed
from catalog.rules.spans import Days, Span, billed_with, cycle_spans
from monetization.values.periods import Cadence, Cycle

D, DAY = Decimal, timedelta(days=1)
START, END = date(2026, 1, 1), date(2027, 12, 31)
CYCLE = Cycle(START, "UTC", anchor="first")
YEARS = Stood(CYCLE, Days(), D(10), ())
LAST = date(2026, 12, 31)


def bills() -> list[Span]:
    return list(takewhile(lambda span: span.first <= END, cycle_spans(CYCLE)))


def billed(known: list[tuple[date, Stood]], cadence: Cadence, timing: Timing) -> list[Decimal]:
    """Give what each month's bill owes, in quantity × days; ``known``: from which day a state of the charge holds."""
    return [sum(_bill(known, cadence, timing, span), D(0)) for span in bills()]


def _bill(known: list[tuple[date, Stood]], cadence: Cadence, timing: Timing, span: Span) -> list[Decimal]:
    before = [each for day, each in known if day < span.first or day == START][-1]
    now = [each for day, each in known if day < span.until][-1]
    if before == now:
        spans = billed_with(replace(now.cycle), cadence, timing, span, now.days)
        return [quantity_on(now.first, now.changes, day) for each in spans for day in _days(each.first, each.until)]
    return [
        (end - one).days * quantity
        for each in owed(before, now, cadence, timing, span)
        for one, end, quantity in each.pieces
    ]


def _days(first: date, until: date) -> list[date]:
    return [first + n * DAY for n in range((until - first).days)]


def test_more_seats_in_the_middle_of_a_year_are_billed_when_they_come() -> None:
    more = replace(YEARS, changes=((date(2026, 11, 15), D(12)),))
    found = billed([(START, YEARS), (date(2026, 11, 15), more)], Cadence.ANNUAL, Timing.ADVANCE)
    assert found[:13] == [3650, *[0] * 9, 94, 0, 12 * 365]  # 47 days × 2 more


def test_what_was_paid_ahead_is_given_back_when_it_ends() -> None:
    ended = replace(YEARS, cycle=replace(CYCLE, end_date=date(2026, 11, 15)))
    found = billed([(START, YEARS), (date(2026, 11, 10), ended)], Cadence.ANNUAL, Timing.ADVANCE)
    assert found[:13] == [3650, *[0] * 9, -460, 0, 0]  # 46 days × 10


def test_in_arrears_what_ends_is_billed_with_its_last_day() -> None:
    ended = replace(YEARS, days=Days(last=date(2026, 3, 31)))
    found = billed([(START, YEARS), (date(2026, 4, 1), ended)], Cadence.ANNUAL, Timing.ARREARS)
    assert found[:5] == [0, 0, 0, 900, 0]  # 90 days, in the month in which it became known


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[date, Stood]]:
    """Draw amendments: each changes quantities from its day on, or ends the charge on a later day."""
    days = sorted(draw(st.sets(st.integers(1, 700), max_size=4)))
    states, now = [(START, YEARS)], YEARS
    for number in days:
        day = START + number * DAY
        if now.days.last is not None and now.days.last < day:
            break
        if draw(st.booleans()):
            later = day + draw(st.integers(0, 90)) * DAY
            kept = tuple(pair for pair in now.changes if pair[0] != later)
            now = replace(now, changes=(*kept, (later, D(draw(st.integers(0, 30))))))
        elif now.days.last is None:
            now = replace(now, days=Days(last=day + draw(st.integers(0, 200)) * DAY))
        states.append((day, now))
    return states


@given(lives(), st.sampled_from([Cadence.ANNUAL, Cadence.QUARTERLY]), st.sampled_from(list(Timing)))
def test_all_bills_together_are_what_every_day_came_to(
    known: list[tuple[date, Stood]], cadence: Cadence, timing: Timing
) -> None:
    last = known[-1][1]
    until = min(last.days.last or END, END)
    expected = sum((quantity_on(last.first, last.changes, day) for day in _days(START, until + DAY)), D(0))
    assert sum(billed(known, cadence, timing), D(0)) == expected


@given(lives(), st.sampled_from([Cadence.ANNUAL, Cadence.QUARTERLY]), st.sampled_from(list(Timing)))
def test_bills_before_an_amendment_stay(known: list[tuple[date, Stood]], cadence: Cadence, timing: Timing) -> None:
    without = billed(known[:-1] or known, cadence, timing)
    earlier = sum(span.until <= known[-1][0] for span in bills())
    assert billed(known, cadence, timing)[:earlier] == without[:earlier]
