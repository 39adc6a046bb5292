"""Days of a contract that is made again from another day on."""

from calendar import monthrange
from datetime import date, timedelta

DAY = timedelta(days=1)


def moved(day: date, start: date, to: date, *, is_last: bool = False) -> date:
    """Give the day that lies to ``to`` as a day lies to ``start``: in months where both begin on one day of the month.

    Of a last day (served in full) the day after it is moved, so that the end of February becomes the end of March.
    """
    if is_last:
        return moved(day + DAY, start, to) - DAY
    if start.day != to.day:
        return day + (to - start)
    months = 12 * (day.year + to.year - start.year) + day.month - 1 + to.month - start.month
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
