"""Days and instants as a quote writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from monetization.values.errors import Invalid
from monetization.values.periods import DAY, local_midnight


def instant_in(text: str, field: str, zone: str, *, end: bool = False) -> datetime:
    """Read a local day (its first instant; with ``end`` that of the next day) or an instant. Raises Invalid."""
    if len(text) == 10:
        day = day_in(text, field)
        return local_midnight(day + DAY if end else day, zone)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            f"“{text[:40]}” is no day or instant", field=field, fix="Use 2026-11-30, or …T12:00:00Z"
        ) from error
    if at.tzinfo is None:
        raise Invalid("The instant has no time zone", field=field, fix="End it with Z, or an offset")
    return at.astimezone(UTC)


def day_in(text: str, field: str) -> date:
    """Read a day. Raises Invalid."""
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"“{text[:40]}” is no day", field=field, fix="Write it as 2026-11-30") from error
