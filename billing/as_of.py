"""As of which instant somebody looks at balances: the end of a local day that they name, or now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monetization.foundation.web import day_in
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, local_midnight

MOMENT = timedelta(microseconds=1)
FIRST, LAST = date(1990, 1, 1), date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class AsOf:
    """The instant, the day that was named, and what is wrong with what was typed."""

    at: datetime
    day: date | None = None
    typed: str = ""
    error: Invalid | None = None


def as_of(text: str, zone: str, now: datetime) -> AsOf:
    """Read a day; what can't be read is said, and now is shown."""
    try:
        day = day_in(text.strip(), "as_of")
        return AsOf(instant_of(day, zone), day, text) if day is not None else AsOf(now)
    except Invalid as error:
        return AsOf(now, None, text, error)


def instant_of(day: date, zone: str) -> datetime:
    """Give the last moment of a local day. Raises Invalid."""
    if not FIRST <= day <= LAST:
        raise Invalid("No balance is known that far", field="as_of", fix=f"Choose a day from {FIRST} to {LAST}")
    return local_midnight(day + DAY, zone) - MOMENT
