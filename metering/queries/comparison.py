"""What a version makes of an account's usage, beside what the versions in force made of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q

from catalog.queries import metric_terms
from catalog.queries.metrics import dated_metrics
from catalog.rules.terms import MetricTerms
from metering.models import Backfill, HourlyUsage
from metering.queries.usage import Cut, measured
from metering.rules.book import hour_of
from metering.rules.quantities import converted
from monetization.values.money import round_half_away
from monetization.values.periods import Period

PLACES = 18
TOGETHER = 500  # accounts asked for at a time


@dataclass(slots=True)
class Side:
    """An account's usage in priced units, and the readings that it was added up from."""

    units: Fraction = field(default_factory=Fraction)
    events: int = 0

    @property
    def rounded(self) -> Decimal:
        return round_half_away(self.units, PLACES)


def before_and_after(backfill: Backfill) -> Iterator[tuple[int, Side, Side]]:
    """Give each account's usage in the backfill's range under the versions in force and under its own."""
    version, whole = backfill.metric_version, Period(backfill.starts_at, backfill.ends_at)
    dated = dated_metrics(Q(metric=version.metric_id))
    old = [(d.terms, part) for d in dated if (part := d.period.overlap(whole)) and d.terms.version_id != version.pk]
    new = [(metric_terms(version), whole)]
    known = _accounts([*old, *new])
    for start in range(0, len(known), TOGETHER):
        accounts = known[start : start + TOGETHER]
        before, after = _sides(accounts, old), _sides(accounts, new)
        for account_id in accounts:
            yield account_id, before.get(account_id, Side()), after.get(account_id, Side())


def _accounts(versions: Iterable[tuple[MetricTerms, Period]]) -> list[int]:
    found: set[int] = set()
    for metric, period in versions:
        rows = HourlyUsage.objects.filter(metric_version=metric.version_id, hour__gte=hour_of(period.starts_at))
        rows = rows.filter(hour__lt=period.ends_at) if period.ends_at else rows
        found |= set(rows.filter(events__gt=0).values_list("account", flat=True).distinct())
    return sorted(found)


def _sides(account_ids: Sequence[int], versions: Iterable[tuple[MetricTerms, Period]]) -> Mapping[int, Side]:
    """Convert each version's sum once, as an invoice of the whole range would."""
    sides: dict[int, Side] = {}
    for metric, period in versions:
        sums: dict[int, Side] = {}
        for row in measured(account_ids=account_ids, cuts=[Cut(period, {metric.version_id: metric})]):
            side = sums.setdefault(row.account_id, Side())
            side.units += Fraction(row.quantity)
            side.events += row.events
        for account_id, side in sums.items():
            whole = sides.setdefault(account_id, Side())
            whole.units += converted(metric, side.units)
            whole.events += side.events
    return sides
