"""Usage of a time that is over, laid onto one that is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from catalog.rules.terms import Segment
from monetization.values.errors import Invalid
from monetization.values.periods import Period

INSTANT = timedelta(microseconds=1)


def mirrored(segments: Sequence[Segment], full: Period, window: Period) -> tuple[Segment, ...]:
    """Cut a window where its segments cut a full period: what changes after a third changes there after a third.

    Charges stay with their segments; a stub takes its share of the window. Raises Invalid for a time without end.
    """
    return tuple(
        replace(each, period=Period(_laid(each.period.starts_at, full, window), _laid(_end(each.period), full, window)))
        for each in segments
    )


def _laid(at: datetime, full: Period, window: Period) -> datetime:
    length, whole = _end(full) - full.starts_at, _end(window) - window.starts_at
    share = ((at - full.starts_at) // INSTANT) * (whole // INSTANT) // (length // INSTANT)
    return window.starts_at + share * INSTANT


def _end(period: Period) -> datetime:
    if period.ends_at is None:
        raise Invalid("A time without end can't be laid onto another one", field="period", fix="Give its end")
    return period.ends_at
