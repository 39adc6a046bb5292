"""From pieces of usage (whole buckets, single events) to the state of each cut of time.

A cut is one part, or several where the metric has windows. A piece lies in at most one part, or before all of them:
there it only says what level, or which latest value, a part starts from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from catalog.rules.terms import Aggregation, MetricTerms, Window
from metering.rules.states import Key, Moment, State, joined, merged, micros, read_into
from monetization.values.errors import Invalid
from monetization.values.money import EXACT
from monetization.values.periods import Period, days_of, local_midnight

HOUR = timedelta(hours=1)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Piece:
    """What happened in ``[starts_at, ends_at)``: a bucket, or an event (then both are its time)."""

    starts_at: datetime
    ends_at: datetime
    state: State
    key: Key = ("", "")

    @classmethod
    def of_event(cls, metric: MetricTerms, quantity: Decimal, value: str, time: datetime, key: Key) -> Piece:
        """Make the piece of one event's reading."""
        state = State()
        read_into(metric, state, quantity, value, Moment(time, key, time))
        return cls(time, time, state, key)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a cut; ``window`` is the start of the window that it belongs to, if the metric has windows."""

    cut: int
    period: Period
    window: datetime | None = None
    lasting: timedelta = timedelta(0)


def parts_of(metric: MetricTerms, cuts: Sequence[Period], zone: str) -> list[Part]:
    """Split cuts where windows begin: at each UTC hour, or at each midnight of the zone.

    Raises Invalid for a cut without end where the metric needs one (windows, levels).
    """
    if metric.window is None and metric.aggregation is not Aggregation.TIME_WEIGHTED:
        return [Part(number, cut) for number, cut in enumerate(cuts)]
    if any(cut.ends_at is None for cut in cuts):
        raise Invalid("A metric with windows or levels needs an end of time", field="to", fix="Name the end")
    if metric.window is None:
        return [Part(number, cut) for number, cut in enumerate(cuts)]
    return [
        Part(number, span, window, lasting)
        for number, cut in enumerate(cuts)
        for window, span, lasting in windows(metric.window, cut, zone)
    ]


def windows(kind: Window, cut: Period, zone: str) -> list[tuple[datetime, Period, timedelta]]:
    """List the windows that a closed span touches: start, the part inside the span, and the window's full length."""
    if kind is Window.DAY:
        found = []
        for day, span in days_of(cut, zone):
            start = local_midnight(day, zone)
            found.append((start, span, local_midnight(day + timedelta(days=1), zone) - start))
        return found
    assert cut.ends_at is not None
    first = cut.starts_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    count = -((first - cut.ends_at) // HOUR)
    starts = [first + HOUR * n for n in range(count)]
    return [(start, Period(max(start, cut.starts_at), min(start + HOUR, cut.ends_at)), HOUR) for start in starts]


def span_states(metric: MetricTerms, pieces: Iterable[Piece], parts: Sequence[Part]) -> dict[int, State]:
    """Give the state of each cut in which there is something, for the pieces of one set of dimension values."""
    ordered = sorted(pieces, key=lambda piece: (piece.starts_at, piece.key))
    found: dict[int, list[State]] = {}
    for part, inside, before in _placed(ordered, parts):
        state = _state(metric, part.period, inside, before)
        if state is not None:
            state.lasting = part.lasting
            whole = state if part.window is None else State(events=state.events, windows={part.window: state})
            found.setdefault(part.cut, []).append(whole)
    return {cut: merged(metric, states) for cut, states in found.items()}


def _placed(ordered: Sequence[Piece], parts: Sequence[Part]) -> Iterable[tuple[Part, list[Piece], Sequence[Piece]]]:
    """Give each part its pieces and all that came before it, walking through both once."""
    at = 0
    for part in sorted(parts, key=lambda each: each.period.starts_at):
        while at < len(ordered) and ordered[at].starts_at < part.period.starts_at:
            at += 1
        first = at
        while at < len(ordered) and ordered[at].starts_at in part.period:
            at += 1
        yield part, list(ordered[first:at]), ordered[:first]


def _state(metric: MetricTerms, period: Period, inside: list[Piece], before: Sequence[Piece]) -> State | None:
    if metric.aggregation is Aggregation.TIME_WEIGHTED:
        return _area(metric, period, inside, level_after(metric, before))
    states = [piece.state for piece in inside]
    if metric.aggregation is Aggregation.LATEST and metric.carry and metric.window is None and before:
        carried = merged(metric, (piece.state for piece in before))
        states.append(State(quantity=carried.quantity, last_at=carried.last_at, last_key=carried.last_key))
    return joined(metric.aggregation, states) if states else None


def level_after(metric: MetricTerms, pieces: Sequence[Piece]) -> Decimal:
    """Give the level that pieces leave: the sum of all changes, or the last reading."""
    if metric.of_level:
        return pieces[-1].state.quantity if pieces else ZERO
    return sum_of(piece.state.quantity for piece in pieces)


def _area(metric: MetricTerms, period: Period, inside: Sequence[Piece], level: Decimal) -> State | None:
    """Walk through a span: its level times the time that it lasted."""
    if not inside and not level:
        return None
    assert period.ends_at is not None
    state, cursor = State(), period.starts_at
    for piece in inside:
        first = piece.state.first_at if metric.of_level else piece.ends_at
        state.weighted = sum_of((state.weighted, piece.state.weighted, _lasting(level, cursor, first or piece.ends_at)))
        level = piece.state.quantity if metric.of_level else EXACT.add(level, piece.state.quantity)
        cursor = piece.ends_at
        state.events += piece.state.events
        state.quantity = level if metric.of_level else EXACT.add(state.quantity, piece.state.quantity)
    state.weighted = EXACT.add(state.weighted, _lasting(level, cursor, period.ends_at))
    return state


def _lasting(level: Decimal, start: datetime, end: datetime) -> Decimal:
    return EXACT.multiply(level, micros(start, end))


def sum_of(values: Iterable[Decimal]) -> Decimal:
    """Add exactly."""
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total
