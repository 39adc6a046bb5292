"""Gather what cuts of time are made of: pieces from the rollups, and from the events of hours that are cut."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from catalog.rules.terms import Aggregation as A
from catalog.rules.terms import Dims, MetricTerms
from metering.queries.admission import book_of
from metering.queries.partitions import refuse_dropped
from metering.queries.rollups import Asked, Span, found_in, left_before, split_hours, whole_hours
from metering.rules.book import Book, hour_of
from metering.rules.spans import Part, Piece, parts_of, span_states
from metering.rules.states import State
from metering.stores import postgres as store
from metering.stores.gone import dropped_months, is_dropped
from monetization.values.money import EXACT
from monetization.values.periods import Period

Key = tuple[int, int, int, Dims]  # account (0: together), cut, metric version, dimension values
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class _Metric:
    """What is asked of one metric version: its cuts, and the pieces found for it."""

    terms: MetricTerms
    cuts: list[int] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    splits: list[Span] = field(default_factory=list)
    pieces: dict[tuple[int, Dims], list[Piece]] = field(default_factory=dict)

    @property
    def looks_back(self) -> bool:
        """Say whether what happened before a cut matters in it."""
        return self.terms.aggregation is A.TIME_WEIGHTED or self.terms.carry


class Gathering:
    """One measurement of some accounts of one environment."""

    def __init__(self, account_ids: Collection[int], together: bool) -> None:
        self._accounts, self._together = account_ids, together
        self._metrics: dict[int, _Metric] = {}

    def ask(self, cut: int, metric: MetricTerms, period: Period) -> None:
        """Ask for a metric in a cut; cuts come in rising order of number."""
        known = self._metrics.setdefault(metric.version_id, _Metric(metric))
        known.cuts.append(cut)
        known.periods.append(period)

    def states(self, zone: str) -> dict[Key, State]:
        """Read all that was asked for, and bring it to states."""
        if not self._metrics:
            return {}
        parts = {version: parts_of(each.terms, each.periods, zone) for version, each in self._metrics.items()}
        asked = [one for version, each in self._metrics.items() for one in self._spans(each, parts[version])]
        numbered = [Asked(number, each.metric, each.span) for number, each in enumerate(asked)]
        for found in found_in(numbered, self._accounts, self._together):
            self._keep(numbered[found.number].metric, found.account_id, found.dims, found.piece)
        self._look_back()
        self._read_events()
        return {
            (account, each.cuts[cut], version, dims): state
            for version, each in self._metrics.items()
            for (account, dims), pieces in each.pieces.items()
            for cut, state in _states(each.terms, pieces, parts[version])
        }

    def _spans(self, metric: _Metric, parts: list[Part]) -> Iterator[Asked]:
        """Say which whole hours to read, and remember the cut ones."""
        periods = [part.period for part in parts]
        if metric.looks_back:
            periods += _gaps(periods)
        for period in periods:
            whole = whole_hours(period)
            metric.splits += split_hours(period)
            if whole is not None:
                yield Asked(0, metric.terms, whole)

    def _keep(self, metric: MetricTerms, account: int, dims: Dims, piece: Piece) -> None:
        self._metrics[metric.version_id].pieces.setdefault((account, dims), []).append(piece)

    def _look_back(self) -> None:
        """Find what the time before the first cut left."""
        asked: list[Asked] = []
        for each in self._metrics.values():
            if each.looks_back and each.periods:
                start = min(period.starts_at for period in each.periods)
                asked.append(Asked(len(asked), each.terms, (EVER, hour_of(start))))
                each.splits += [(hour_of(start), start)] if hour_of(start) < start else []
        for found in left_before(asked, self._accounts, self._together):
            self._keep(asked[found.number].metric, found.account_id, found.dims, found.piece)

    def _read_events(self) -> None:
        spans = sorted({span for each in self._metrics.values() for span in each.splits})
        gone = dropped_months() if spans else frozenset()
        for start, end in spans:
            if gone and is_dropped(start, gone):
                refuse_dropped(Period(start, end))
        types = {each.terms.event_type for each in self._metrics.values() if each.splits}
        book: Book | None = None
        for event in store.of_accounts(account_ids=self._accounts, types=types, spans=_joined(spans)):
            book = book or book_of(event.environment_id)
            account = 0 if self._together else event.account_id
            for metric, reading in book.counted(event.type, event.time, event.data):
                known = self._metrics.get(metric.version_id)
                if known and any(start <= event.time < end for start, end in known.splits):
                    piece = Piece.of_event(metric, reading.quantity, reading.value, event.time, event.key)
                    self._keep(metric, account, reading.dims, piece)


def _states(metric: MetricTerms, pieces: list[Piece], parts: list[Part]) -> Iterator[tuple[int, State]]:
    if not metric.adds_up:
        yield from span_states(metric, pieces, parts).items()
        return
    found: dict[int, State] = {}
    for piece in pieces:
        cut = next(part.cut for part in parts if piece.starts_at in part.period)
        state = found.setdefault(cut, State())
        state.quantity = EXACT.add(state.quantity, piece.state.quantity)
        state.events += piece.state.events
    yield from found.items()


def _gaps(periods: list[Period]) -> list[Period]:
    """List the stretches between periods."""
    ordered = sorted(periods, key=lambda each: each.starts_at)
    ends = zip(ordered, ordered[1:], strict=False)
    return [Period(a.ends_at, b.starts_at) for a, b in ends if a.ends_at is not None and a.ends_at < b.starts_at]


def _joined(spans: list[Span]) -> list[Span]:
    """Join spans that touch or overlap, so that no event is read twice."""
    found: list[Span] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
