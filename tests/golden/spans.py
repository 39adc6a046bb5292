"""Periods of a wanted length, and what is served of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.golden.members import Body, Members, Unknown, text

DAY = timedelta(days=1)
FIRST = date(2026, 1, 1)
LONGEST = 3660


def day_of(value: str) -> date:
    """Read a day, also of an instant, also written without zeros."""
    year, month, day = value[:10].split("T")[0].split("-")
    return date(int(year), int(month), int(day))


def instant_of(value: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(value.replace("Z", "+00:00"))


def period(days: int, first: date = FIRST) -> Body:
    """A period of so many days."""
    if not 0 < days <= LONGEST:
        raise Unknown(f"a period of {days} days")
    return dates(first, first + (days - 1) * DAY)


def dates(first: date, last: date) -> Body:
    """The first and the last day."""
    return {"start_date": first.isoformat(), "end_date": last.isoformat()}


def first_of(span: Body) -> date:
    """The first day of a span."""
    return day_of(span["start_date"])


def days_of(span: Body) -> int:
    """How many days a span has."""
    return (day_of(span["end_date"]) - first_of(span)).days + 1


def end_of(span: Body, days: int) -> date:
    """The day on which so many days are left."""
    return first_of(span) + (days_of(span) - days) * DAY


def served(days: int, of: int) -> Body:
    """A period of which only the last days are served; none is none."""
    span = period(of)
    if days == of:
        return {"period": span}
    return {"period": span, "service": dates(end_of(span, days), day_of(span["end_date"]))}


def given(config: Members) -> Body:
    """The period of a case. It may say how its end is meant; else whole months end before a like day."""
    if "period" not in config:
        return period(int(config.number("days_in_period")))
    first, end = map(day_of, config.take("period"))
    inclusive = config.take("end_day_inclusive", None)
    if "days_in_period" in config:
        days = int(config.number("days_in_period"))
        inclusive = (end - first).days + 1 == days
        if not inclusive and (end - first).days != days:
            raise Unknown(f"{config.path}: {days} days from {first} to {end}")
    if inclusive is None:
        inclusive = end.day != first.day
    return dates(first, end if inclusive else end - DAY)


def share(fraction: Fraction) -> tuple[int, int]:
    """Days left and days in all of a fraction."""
    if fraction.denominator == 1:
        return int(fraction) * 30, 30
    return fraction.numerator, fraction.denominator


def from_day(day: date, quantity: Fraction, before: Fraction = Fraction(0)) -> Body:
    """A quantity that holds from a day on, and another one before."""
    return {"quantity": text(before), "quantities": [{"date": day.isoformat(), "quantity": text(quantity)}]}


def recurring(key: str, price: Fraction, **members: object) -> Body:
    """A charge for a period."""
    return {"key": key, "kind": "recurring", "unit_price": text(price), **members}
