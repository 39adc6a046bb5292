"""What a bill owes for the periods of a charge's own cadence, where an amendment takes effect inside its period.

A period that an earlier bill has billed is not billed again: only what changed since is, day by day, up or down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from catalog.rules.agreed import Timing
from catalog.rules.fees import Change, Owed, quantity_on
from catalog.rules.spans import Days, Span, cycle_spans
from monetization.values.periods import DAY, Cadence, Cycle


@dataclass(frozen=True, slots=True)
class Stood:
    """A recurring charge as it is known at some time: the contract's cycle, its own days and quantities."""

    cycle: Cycle
    days: Days
    first: Decimal
    changes: tuple[Change, ...]

    def spans(self, cadence: Cadence, until: date) -> dict[date, Span]:
        """List the periods of its own cadence that start before a day, by the start of the full one."""
        found: dict[date, Span] = {}
        for whole in cycle_spans(replace(self.cycle, cadence=cadence)):
            if whole.first >= until:
                break
            span = whole.within(self.days.first, self.days.last)
            if span is not None:
                found[whole.starts] = span
        return found

    def quantity(self, span: Span | None, day: date) -> Decimal:
        """Give the quantity of a day in one of its periods; nothing outside."""
        inside = span is not None and span.first <= day < span.until
        return quantity_on(self.first, self.changes, day) if inside else Decimal(0)


def owed(
    before: Stood | None, now: Stood, cadence: Cadence, timing: Timing, bill: Span, cuts: Iterable[date] = ()
) -> Iterator[Owed]:
    """Yield what a bill owes for each period; ``before``: as the charge was known when the bill's period began."""
    old = before.spans(cadence, bill.until) if before is not None else {}
    new = now.spans(cadence, bill.until)
    edges = [*cuts, *(day for each in (before, now) if each is not None for day, _ in each.changes)]
    for start in sorted({*old, *new}):
        was, becomes = old.get(start), new.get(start)
        if was is not None and _day(was, timing) >= bill.first:
            was = None  # nothing has billed it yet
        if was is None and (becomes is None or _day(becomes, timing) >= bill.until):
            continue
        found = _difference(was, becomes, before if was is not None else None, now, edges)
        if found is not None:
            yield found


def _day(span: Span, timing: Timing) -> date:
    return span.first if timing is Timing.ADVANCE else span.until - DAY


def _difference(
    was: Span | None, becomes: Span | None, before: Stood | None, now: Stood, edges: Iterable[date]
) -> Owed | None:
    spans = [span for span in (was, becomes) if span is not None]
    first, until = min(span.first for span in spans), max(span.until for span in spans)
    inside = {day for day in edges if first < day < until}
    days = sorted({*(day for span in spans for day in (span.first, span.until)), *inside})
    pieces = []
    for one, end in zip(days, days[1:], strict=False):
        quantity = now.quantity(becomes, one) - (before.quantity(was, one) if before is not None else 0)
        if quantity or was is None:
            pieces.append((one, end, quantity))
    return Owed(replace(spans[0], first=first, until=until), tuple(pieces)) if pieces else None
