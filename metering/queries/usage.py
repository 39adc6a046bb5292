"""Usage for any cuts of time: whole days and hours from the rollups, the rest of a cut hour from its events.

A cut that doesn't fall on an hour (a local midnight in Kolkata, a price that changes at 12:30) reads the events
of that hour through the same pure rules that the fold used, so cuts always sum to the whole. What can't simply be
added (extremes, distinct values, levels) travels as a `State`, and becomes a number only by `states.total`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum

from catalog.rules.terms import Dims, MetricTerms, Segment, Window
from metering.models import HourlyUsage
from metering.queries.gathering import Gathering, Key
from metering.queries.rollups import whole_hours
from metering.queries.single import with_transactions
from metering.rules.quantities import UsageRow
from metering.rules.states import State, merged
from metering.stores.events import FOREVER
from monetization.foundation.models import Account
from monetization.values.periods import Period, days_of

__all__ = [
    "FOREVER", "Cut", "DailyRow", "Measured", "daily_usage", "largest_accounts", "measured", "usage_for",
    "usages", "whole_hours",
]  # fmt: skip
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of time and the metric versions to measure in it; cuts must not overlap."""

    period: Period
    metrics: Mapping[int, MetricTerms]


@dataclass(frozen=True, slots=True)
class Measured:
    """Unconverted usage of one account, cut, metric version and set of dimension values.

    ``quantity`` may be added to others only where the metric adds up; ``state`` may always be merged.
    """

    account_id: int
    cut: int
    metric_version_id: int
    dims: Dims
    quantity: Decimal
    events: int
    state: State


def usage_for(*, account_id: int, segments: Sequence[Segment]) -> list[UsageRow]:
    """Measure an account's usage in each segment, for the metric versions that its charges read.

    Rows carry their single events where a price looks at them.
    """
    return usages([(account_id, segments)])[0]


def usages(wanted: Sequence[tuple[int, Sequence[Segment]]]) -> list[list[UsageRow]]:
    """Do so for many accounts of one environment, each in its own segments; those with the same cuts share statements.

    Single events are read account by account, and only where a price looks at them.
    """
    found: list[list[UsageRow]] = [[] for _ in wanted]
    for cuts, numbers in _alike(wanted):
        places: dict[int, list[int]] = {}
        for number in numbers:
            places.setdefault(wanted[number][0], []).append(number)
        for row in measured(account_ids=list(places), cuts=cuts):
            one = UsageRow(row.metric_version_id, row.cut, row.dims, row.quantity, row.events, row.state)
            for number in places[row.account_id]:
                found[number].append(one)
    return [with_transactions(*each, rows) for each, rows in zip(wanted, found, strict=True)]


def _alike(wanted: Sequence[tuple[int, Sequence[Segment]]]) -> Iterable[tuple[list[Cut], list[int]]]:
    """Group places of a list by their cuts of time; the cuts of each group come with them."""
    groups: dict[tuple[tuple[Period, frozenset[int]], ...], list[int]] = {}
    cuts: dict[tuple[tuple[Period, frozenset[int]], ...], list[Cut]] = {}
    for number, (_, segments) in enumerate(wanted):
        mine = [_cut(each) for each in segments]
        key = tuple((each.period, frozenset(each.metrics)) for each in mine)
        groups.setdefault(key, []).append(number)
        cuts.setdefault(key, mine)
    return ((cuts[key], numbers) for key, numbers in groups.items() if key)


def _cut(segment: Segment) -> Cut:
    return Cut(segment.period, {charge.metric.version_id: charge.metric for charge in segment.charges})


def measured(*, account_ids: Collection[int], cuts: Sequence[Cut], together: bool = False) -> list[Measured]:
    """Measure accounts of one environment in cuts of time, in a bounded number of queries.

    `together` adds all accounts up (`account_id` is 0 then), which is far cheaper than telling many apart. Raises
    Invalid for a cut without end where a metric has windows or levels.
    """
    if not account_ids:
        return []
    found: dict[Key, State] = {}
    for zone, ids in _by_zone(account_ids, cuts):
        gathering, levels = Gathering(ids, together), Gathering(ids, together=False)
        for number, cut in enumerate(cuts):
            for metric in cut.metrics.values():
                (levels if metric.of_level else gathering).ask(number, metric, cut.period)
        for key, state in (*gathering.states(zone).items(), *levels.states(zone).items()):
            metric = cuts[key[1]].metrics[key[2]]
            place = (0, *key[1:]) if together else key  # one account's reading says nothing of another's level
            found[place] = merged(metric, [found[place], state]) if place in found else state
    return [Measured(*key, _quantity(state), state.events, state) for key, state in sorted(found.items(), key=_order)]


def _order(item: tuple[Key, State]) -> Key:
    return item[0]


def _quantity(state: State) -> Decimal:
    return Decimal(len(state.values)) if state.values else state.quantity


def _by_zone(account_ids: Collection[int], cuts: Sequence[Cut]) -> list[tuple[str, list[int]]]:
    """Tell accounts apart by their zone, where a metric has windows of local days."""
    if not any(metric.window is Window.DAY for cut in cuts for metric in cut.metrics.values()):
        return [("UTC", list(account_ids))]
    zones: dict[str, list[int]] = {}
    for pk, zone in Account.objects.filter(pk__in=account_ids).order_by("pk").values_list("pk", "time_zone"):
        zones.setdefault(zone, []).append(pk)
    return sorted(zones.items())


@dataclass(frozen=True, slots=True)
class DailyRow:
    """Unconverted usage of one local day; `dims` holds only the dimensions that were asked for."""

    date: date
    account_id: int
    metric_version_id: int
    dims: Dims
    quantity: Decimal
    events: int
    state: State


def daily_usage(
    *,
    account_ids: Collection[int],
    metrics: Collection[MetricTerms],
    period: Period,
    zone: str,
    by: Sequence[str] = (),
    together: bool = False,
) -> list[DailyRow]:
    """Measure local days of a zone, merged by some dimensions; days without usage are left out.

    `together` merges the accounts too (`account_id` is 0 then).
    """
    days = days_of(period, zone)
    versions = {each.version_id: each for each in metrics}
    cuts = [Cut(span, versions) for _, span in days]
    states: dict[tuple[date, int, int, Dims], list[State]] = {}
    for row in measured(account_ids=account_ids, cuts=cuts, together=together):
        dims = tuple(pair for pair in row.dims if pair[0] in by)
        states.setdefault((days[row.cut][0], row.account_id, row.metric_version_id, dims), []).append(row.state)
    found = {key: merged(versions[key[2]], each) for key, each in sorted(states.items())}
    return [DailyRow(*key, _quantity(state), state.events, state) for key, state in found.items()]


def largest_accounts(
    *, account_ids: Collection[int], version_ids: Collection[int], period: Period, limit: int = 10
) -> list[tuple[int, Decimal]]:
    """Rank accounts by unconverted usage in the whole hours of a period, the largest first."""
    whole = whole_hours(period)
    if whole is None:
        return []
    rows = HourlyUsage.objects.filter(
        account__in=account_ids, metric_version__in=version_ids, hour__gte=whole[0], hour__lt=whole[1]
    )
    ranked = rows.values_list("account").annotate(total=Sum("quantity")).order_by("-total", "account")
    return list(ranked[:limit])
