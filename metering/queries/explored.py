"""What the usage explorer asks: a metric's quantity by stretch of time and by dimension values.

Quantities that add up are added. All others belong to their whole stretch: the value of a month is not made of those
of its days, nor that of all models of those of each, so the whole period is measured again, each account for itself,
and only the accounts are added (as they are on invoices). Quantities are in priced units, exact, never rounded.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction
from typing import TypeVar

from catalog.rules.terms import Dims, MetricTerms
from metering.queries.usage import Cut, Measured, measured
from metering.rules.states import total
from monetization.values.periods import Period

Group = tuple[str, ...]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Question:
    """Whose usage of which metric (its versions by id), told apart `by` dimensions, only `where` they have values."""

    account_ids: tuple[int, ...]
    versions: Mapping[int, MetricTerms]
    by: tuple[str, ...] = ()
    where: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Say whether quantities of stretches and dimension values may be added."""
        return all(metric.adds_up for metric in self.versions.values())

    def group(self, dims: Dims) -> Group:
        """Give the values of the dimensions that are told apart."""
        values = dict(dims)
        return tuple(values.get(key, "") for key in self.by)

    def fits(self, dims: Dims) -> bool:
        """Say whether dimension values are among those looked at."""
        values = dict(dims)
        return all(values.get(key, "") in wanted for key, wanted in self.where.items())


@dataclass(frozen=True, slots=True)
class Explored:
    """Quantities by stretch and group; `sums` and `total` are of all groups together, which need not be their sum."""

    slots: tuple[Mapping[Group, Fraction], ...]
    sums: tuple[Fraction, ...]
    groups: Mapping[Group, Fraction]
    total: Fraction
    readings: int
    values: Mapping[str, tuple[str, ...]]
    versions: tuple[MetricTerms, ...]
    accounts: Mapping[int, Fraction]


def explore(question: Question, spans: Sequence[Period]) -> Explored:
    """Measure stretches that follow on each other, and their whole, in at most eight queries."""
    rows = _measured(question, spans)
    kept = _fitting(question, rows)
    whole = kept if question.adds_up else _fitting(question, _measured(question, [_whole(spans)]))
    lengths, length = [_length(span) for span in spans], _length(_whole(spans))
    by_slot = _apart(kept, lambda row: row.cut)
    return Explored(
        slots=tuple(_groups(question, by_slot.get(n, ()), lengths[n]) for n in range(len(spans))),
        sums=tuple(combined(question, by_slot.get(n, ()), lengths[n]) for n in range(len(spans))),
        groups=_groups(question, whole, length),
        total=combined(question, whole, length),
        readings=sum(row.events for row in kept),
        values=_values(rows),
        versions=tuple(question.versions[pk] for pk in sorted({row.metric_version_id for row in kept})),
        accounts={
            account: combined(question, mine, length)
            for account, mine in _apart(whole, lambda row: row.account_id).items()
        },
    )


def combined(question: Question, rows: Iterable[Measured], length: timedelta) -> Fraction:
    """Make one quantity of rows of one stretch: each account and version for itself, then added."""
    apart = _apart(rows, lambda row: (row.account_id, row.metric_version_id))
    return sum((_units(question.versions[version], mine, length) for (_, version), mine in apart.items()), Fraction(0))


def _units(metric: MetricTerms, rows: Sequence[Measured], length: timedelta) -> Fraction:
    return total(metric, ((row.dims, row.state) for row in rows), length) / Fraction(metric.divisor)


def _measured(question: Question, spans: Sequence[Period]) -> list[Measured]:
    cuts = [Cut(span, question.versions) for span in spans]
    return measured(account_ids=question.account_ids, cuts=cuts, together=question.adds_up)


def _fitting(question: Question, rows: Iterable[Measured]) -> list[Measured]:
    return [row for row in rows if question.fits(row.dims)]


def _groups(question: Question, rows: Iterable[Measured], length: timedelta) -> dict[Group, Fraction]:
    apart = _apart(rows, lambda row: question.group(row.dims))
    return {group: combined(question, mine, length) for group, mine in apart.items()}


def _values(rows: Iterable[Measured]) -> dict[str, tuple[str, ...]]:
    met: dict[str, set[str]] = {}
    for row in rows:
        for key, value in row.dims:
            met.setdefault(key, set()).add(value)
    return {key: tuple(sorted(values)) for key, values in met.items()}


def _apart(rows: Iterable[Measured], key: Callable[[Measured], Key]) -> dict[Key, list[Measured]]:
    found: dict[Key, list[Measured]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def _whole(spans: Sequence[Period]) -> Period:
    return Period(spans[0].starts_at, spans[-1].ends_at)


def _length(span: Period) -> timedelta:
    assert span.ends_at is not None
    return span.ends_at - span.starts_at
