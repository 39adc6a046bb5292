"""Try events on a metric without keeping anything: what each adds, or why it doesn't, and what they come to.

The rules are those of the door and of billing: an envelope is read by `envelope`, fields by `aggregate`, a quantity is
converted by `quantities`. Only what needs the tables is left out: whether the event was sent before, and quotas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from catalog.rules.meaning import condition
from catalog.rules.terms import Aggregation, MetricTerms
from metering.rules.aggregate import Event, readings
from metering.rules.envelope import Incoming, read
from metering.rules.filters import passes
from metering.rules.steps import steps_of
from metering.rules.tried import Owner, Played, Total, Tried, Verdict
from monetization.values.errors import Invalid
from monetization.values.periods import DAY, Period, local_date, local_midnight

AHEAD = timedelta(minutes=5)
Days = tuple[date, date]


def opened(items: Iterable[Any], at: datetime) -> list[Tried]:
    """Read envelopes, as events that arrive at this instant."""
    return [_opened(number, item, at) for number, item in enumerate(items, start=1)]


def play(
    metric: MetricTerms, found: Sequence[Tried], owners: Mapping[tuple[str, datetime], Owner], *, zone: str,
    at: datetime, days: Days | None = None,
) -> Played:  # fmt: skip
    """Read opened events through a metric; `owners` by (subject, time), the others have days of `zone`.

    `days` are the first and last day of the period, in each account's zone; without them it is the calendar month
    of the account's latest event that counts.
    """
    read_all = list(_unrepeated(_read(metric, _owned(each, owners, zone), at) for each in found))
    counted = [each for each in read_all if each.verdict is Verdict.COUNTED]
    periods = {owner: _period(owner, counted, days) for owner in dict.fromkeys(each.owner for each in counted)}
    tried = tuple(_placed(metric, each, periods) for each in read_all)
    return Played(tried, tuple(_totals(metric, tried, periods)))


def _opened(number: int, item: Any, at: datetime) -> Tried:
    try:
        if isinstance(item, Invalid):
            raise item
        event = read(item)
    except Invalid as error:
        return Tried(number, None, at, why=error.message, field=error.field or "", fix=error.fix or "")
    return Tried(number, event, event.time or at, verdict=Verdict.COUNTED)


def _owned(each: Tried, owners: Mapping[tuple[str, datetime], Owner], zone: str) -> Tried:
    if each.event is None:
        return each
    subject = each.event.subject
    return replace(each, owner=owners.get((subject, each.time), Owner(subject, zone, is_known=False)))


def _read(metric: MetricTerms, each: Tried, at: datetime) -> Tried:
    event = each.event
    if event is None:
        return each
    if each.time > at + AHEAD:
        why = "It lies more than 5 minutes ahead"
        return replace(each, verdict=Verdict.REFUSED, why=why, field="time", fix="Check the sender's clock")
    if event.type != metric.event_type:
        return replace(each, verdict=Verdict.OTHER, why=f"Its type is {event.type}, not {metric.event_type}")
    unmet = next((one for one in metric.filters if not passes(one, event.data)), None)
    if unmet is not None:
        why = f"It is left out: only where {condition(unmet).replace('`', '')}"
        return replace(each, verdict=Verdict.FILTERED, why=why, field=f"data.{unmet.field}")
    try:
        return replace(each, readings=tuple(readings(metric, event.data)))
    except Invalid as error:
        return replace(
            each, verdict=Verdict.REFUSED, why=error.message, field=error.field or "", fix=error.fix or ""
        )  # fmt: skip


def _unrepeated(found: Iterable[Tried]) -> Iterable[Tried]:
    """Let the first of each key stand; the others are duplicates, or conflicts where they say something else."""
    first: dict[tuple[str, str], bytes] = {}
    for each in found:
        event = each.event
        if event is None or each.verdict is Verdict.REFUSED:
            yield each
            continue
        digest = event.digest(each.time)
        known = first.setdefault((event.source, event.id), digest)
        if known is digest:
            yield each
        elif known == digest:
            yield replace(each, verdict=Verdict.DUPLICATE, why="The same event stands above", readings=())
        else:
            why, fix = "Another event above has its id", "Give each event its own id"
            yield replace(each, verdict=Verdict.CONFLICT, why=why, field="id", fix=fix, readings=())


def _period(owner: Owner, counted: Sequence[Tried], days: Days | None) -> Period:
    if days is None:
        latest = local_date(max(each.time for each in counted if each.owner == owner), owner.zone)
        first = latest.replace(day=1)
        days = first, (first + 32 * DAY).replace(day=1) - DAY
    return Period(local_midnight(days[0], owner.zone), local_midnight(days[1] + DAY, owner.zone))


def _placed(metric: MetricTerms, each: Tried, periods: Mapping[Owner, Period]) -> Tried:
    if each.verdict is not Verdict.COUNTED or each.time in periods[each.owner]:
        return each
    before = each.time < periods[each.owner].starts_at
    if before and (metric.carry or metric.aggregation is Aggregation.TIME_WEIGHTED):
        return replace(each, verdict=Verdict.EARLIER, why="Before the period: it sets what the period starts from")
    return replace(each, verdict=Verdict.OUTSIDE, why="It belongs to another period")


def _totals(metric: MetricTerms, tried: Sequence[Tried], periods: Mapping[Owner, Period]) -> Iterable[Total]:
    for owner, period in periods.items():
        mine = [each for each in tried if each.owner == owner and each.verdict in (Verdict.COUNTED, Verdict.EARLIER)]
        events = [event_of(each.event, each.time) for each in mine if each.event]
        counts = {
            dims: sum(each.verdict is Verdict.COUNTED and any(r.dims == dims for r in each.readings) for each in mine)
            for dims in sorted({reading.dims for each in mine for reading in each.readings})
        }
        for dims, steps in steps_of(metric, events, period, owner.zone):
            count = sum(each.verdict is Verdict.COUNTED for each in mine) if dims is None else counts[dims]
            yield Total(owner, period, dims, count, steps)


def event_of(event: Incoming, time: datetime) -> Event:
    """Give an envelope the time that it is counted at."""
    return Event(event.id, event.source, event.type, event.subject, time, event.data)
