"""The days of a quote: periods, what of them is served, and which share of a full period a span of days is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from billing.rules.quotes.bodies import CycleBody, DaysBody, QuoteBody
from billing.rules.quotes.bodies.charges import ChargeBody
from billing.rules.quotes.moments import day_in
from catalog.rules.spans import Span
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, MONTHS, Cadence, Cycle, zone_of

MOST_PERIODS = 120


def spans_of(body: QuoteBody, today: date) -> list[Span]:
    """List the billing periods that a quote is for. Raises Invalid."""
    zone_of(body.time_zone)
    if body.cycle is not None:
        if body.period is not None or body.service is not None:
            raise Invalid("A quote has a period or a cycle", field="cycle", fix="Leave out period and service")
        return list(_cycle_spans(cycle_of(body.cycle, body.time_zone), day_in(body.cycle.until, "cycle.until")))
    start, end = _days(body.period, "period") if body.period else _month(today)
    first, until = _days(body.service, "service") if body.service else (start, end)
    if not start <= first < until <= end:
        raise Invalid("The service lies outside the period", field="service", fix=f"Choose days from {start} on")
    return [Span(start, end, first, until, _months(start, end))]


def cycle_of(body: CycleBody, zone: str) -> Cycle:
    """Read a cycle."""
    end = day_in(body.end_date, "cycle.end_date") if body.end_date else None
    start = day_in(body.start_date, "cycle.start_date")
    return Cycle(start, zone, body.cadence, body.anchor, end, body.days)


def _cycle_spans(cycle: Cycle, until: date) -> Iterator[Span]:
    for index in range(MOST_PERIODS + 1):
        start, end = cycle.dates(index)
        first = max(start, cycle.start_date)
        if first > until or (cycle.end_date is not None and start > cycle.end_date):
            return
        if index == MOST_PERIODS:
            raise Invalid(f"More than {MOST_PERIODS} periods", field="cycle.until", fix="Look less far ahead")
        stop = end if cycle.end_date is None else min(end, cycle.end_date + DAY)
        if stop > first:
            yield Span(start, end, first, stop, MONTHS.get(cycle.cadence))


def charge_spans(charge: ChargeBody, body: QuoteBody, bill: Span) -> list[Span]:
    """List the periods of a recurring charge that are billed with a billing period."""
    if charge.cadence is None or charge.cadence is Cadence.DAYS:
        return [bill]
    if body.cycle is not None:
        cycle = cycle_of(body.cycle, body.time_zone)
        own = Cycle(cycle.start_date, cycle.zone, charge.cadence, cycle.anchor, cycle.end_date)
    else:
        own = Cycle(bill.starts, body.time_zone, charge.cadence)
        start, end = own.dates(0)
        until = _until(bill, end)
        if charge.timing == "arrears" and until > bill.until:
            return []
        return [Span(start, end, max(start, bill.first), until, MONTHS[charge.cadence])]
    every = _cycle_spans(own, bill.until)
    if charge.timing == "advance":
        return [each for each in every if bill.first <= each.first < bill.until]
    return [each for each in every if bill.first < each.until <= bill.until]


def _until(bill: Span, end: date) -> date:
    return min(bill.until, end) if bill.until < bill.ends else end


def _days(body: DaysBody, field: str) -> tuple[date, date]:
    start, end = day_in(body.start_date, f"{field}.start_date"), day_in(body.end_date, f"{field}.end_date")
    if end < start:
        raise Invalid("The last day lies before the first", field=f"{field}.end_date", fix=f"Choose {start} or later")
    return start, end + DAY


def _month(today: date) -> tuple[date, date]:
    start = today.replace(day=1)
    return start, (start + 31 * DAY).replace(day=1)


def _months(start: date, end: date) -> int | None:
    """Count the whole months between two dates; None where it isn't whole ones."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if months > 0 and end.day == start.day else None
