"""Parts of periods: fees, grants, days, billing cycles."""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tests.golden import spans
from tests.golden.answers import Answer, Desk
from tests.golden.members import Body, Members, Unknown, rounded

CADENCES = {1: "MONTHLY", 3: "QUARTERLY", 12: "ANNUAL"}
MONTHS = {"month": 1, "quarter": 3, "year": 12, "monthly": 1, "quarterly": 3, "yearly": 12}
LENGTHS = {
    "day": {"longest": 1, "said": {"cadence": "DAYS", "days": 1}},
    "week": {"longest": 7, "said": {"cadence": "DAYS", "days": 7}},
    "month": {"longest": 31, "said": {"cadence": "MONTHLY"}},
    "quarter": {"longest": 92, "said": {"cadence": "QUARTERLY"}},
    "year": {"longest": 366, "said": {"cadence": "ANNUAL"}},
}
PER_STUB = re.compile(r"(\d+) decimals HALF_UP per stub$")
ONE = Fraction(1)


def subscription(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """A fee for a part of its period, said in one of several ways."""
    if "billing_cycle_day" in config:
        return _cycles(desk, config, usage)
    if "fixed_days_in_month" in config:
        return _months_of_30(desk, config, usage)
    price = desk.major(config.number("amount_cents")) if "amount_cents" in config else config.number("amount")
    if "terminated" in config:
        span = _between(config)
    elif "days_remaining" in usage:
        span = _left(config, int(usage.number("days_remaining")))
    else:
        span = spans.served(int(config.number("days_billed")), int(config.number("days_in_period")))
    amount = desk.ask([spans.recurring("fee", price)], **span).amount
    return {"amount": amount, "charge": amount}


def _left(config: Members, days: int) -> Body:
    span = spans.given(config)
    return {"period": span, "service": spans.dates(spans.end_of(span, days), spans.day_of(span["end_date"]))}


def _between(config: Members) -> Body:
    """Served from a day to a day, both counted, in the period of the calendar or the one that it begins."""
    months = config.word("interval", MONTHS)
    start, last = spans.day_of(config.take("started")), spans.day_of(config.take("terminated"))
    billed, days = int(config.number("days_billed")), int(config.number("days_in_period"))
    for first in (start.replace(month=(start.month - 1) // months * months + 1, day=1), start):
        span = spans.period(days, first)
        whole = months_later(first, months) - first == timedelta(days=days)
        if whole and (last - start).days + 1 == billed and last <= spans.day_of(span["end_date"]):
            return {"period": span, "service": spans.dates(start, last)}
    return spans.served(billed, days)


def months_later(day: date, months: int) -> date:
    """The like day some months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - spans.DAY)


def _months_of_30(desk: Desk, config: Members, usage: Members) -> Body:
    """Days by months of thirty: a price of thirty for the month that ends with them."""
    config.expect("fixed_days_in_month", 30)
    first, end = spans.day_of(usage.take("from")), spans.day_of(usage.take("to"))
    month = spans.dates(months_later(end, -1), end - spans.DAY)
    service = spans.dates(first, end - spans.DAY)
    answer = desk.ask([spans.recurring("fee", Fraction(30))], day_count="30", period=month, service=service)
    days = answer.amount.exact
    return {"days": days, "coefficient": days / 30}


def _cycles(desk: Desk, config: Members, usage: Members) -> Body:
    """How many periods are billed up to a day: a price of one for each, stubs rounded as the case says."""
    timing = config.word("billing", {"in_advance": "advance", "in_arrear": "arrears"})
    digits = PER_STUB.match(config.take("rounding"))
    if digits is None:
        raise Unknown("rounding of stubs")
    until, end = spans.day_of(usage.take("target_date")), config.take("end")
    start, cycle = _cycle(config)
    cycle |= {"end_date": end and (spans.day_of(end) - spans.DAY).isoformat(), "until": until.isoformat()}
    charge = spans.recurring("fee", ONE, timing=timing, **spans.from_day(start, ONE))
    answer = desk.ask([charge], cycle=cycle)
    billed = [invoice for invoice in answer.invoices if timing == "advance" or _over(invoice, until)]
    stubs = (sum((Fraction(line["exact"]) for line in invoice["lines"]), Fraction(0)) for invoice in billed)
    return {"billing_cycles": sum((rounded(stub, int(digits[1])) for stub in stubs), Fraction(0))}


def _over(invoice: Body, until: date) -> bool:
    return spans.day_of(invoice["period"]["end_date"]) < until


def _cycle(config: Members) -> tuple[date, Body]:
    """When the fee starts, and a cycle around it.

    In longer periods than months their day lies in the month of the start: where it has passed, the
    period that the start lies in began then.
    """
    months, day = int(config.number("period_months")), int(config.number("billing_cycle_day"))
    start = spans.day_of(config.take("start"))
    if months not in CADENCES:
        raise Unknown(f"periods of {months} months")
    if months > 1 and day < start.day:
        began = start.replace(day=day)
        return start, {"start_date": began.isoformat(), "cadence": CADENCES[months], "anchor": "contract_day"}
    return start, {"start_date": start.isoformat(), "cadence": CADENCES[months], "anchor": str(day)}


def anchors(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """The days on which periods start."""
    start, every = spans.day_of(config.take("start")), config.word("period", LENGTHS)
    count = int(usage.number("periods"))
    until = start + timedelta(days=every["longest"] * count)
    cycle = {"start_date": start.isoformat(), "end_date": None, **every["said"], "until": until.isoformat()}
    answer = desk.ask([spans.recurring("fee", ONE)], cycle=cycle)
    return {"period_starts": [invoice["period"]["start_date"] for invoice in answer.invoices[:count]]}


def granted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """Credits for the rest of a period: as a fee from that day on."""
    config.expect("strategy", "second", "day")
    first, end = map(spans.day_of, config.take("period"))
    charge = spans.recurring("grant", config.number("credits"), **spans.from_day(spans.day_of(usage.take("at")), ONE))
    exact = desk.ask([charge], period=spans.dates(first, end - spans.DAY)).amount.exact
    return {"credits": rounded(exact, int(config.number("precision")))}


def counted(desk: Desk, model: str, config: Members, usage: Members) -> Body:
    """The days of the calendar from one instant to another: a price of one for each."""
    zone = config.take("timezone")
    first, end = (spans.instant_of(usage.take(name)).astimezone(ZoneInfo(zone)).date() for name in ("from", "to"))
    span = spans.dates(first, end)
    ended = spans.from_day(end, Fraction(0), before=ONE)
    answer: Answer = desk.ask(
        [spans.recurring("day", Fraction(spans.days_of(span)), **ended)], period=span, time_zone=zone
    )
    return {"days": answer.amount.exact}
