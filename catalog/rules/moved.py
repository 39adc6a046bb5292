"""Days of a contract that is made again from another day on."""

from datetime import date

from monetization.values.periods import DAY, months_after


def moved(day: date, start: date, to: date, *, is_last: bool = False) -> date:
    """Give the day that lies to ``to`` as a day lies to ``start``: in months where both begin on one day of the month.

    Of a last day (served in full) the day after it is moved, so that the end of February becomes the end of March.
    """
    if is_last:
        return moved(day + DAY, start, to) - DAY
    if start.day != to.day:
        return day + (to - start)
    return months_after(day, 12 * (to.year - start.year) + to.month - start.month)
