"""An environment in which a file of events is sent, and the comparison of all that it left with the reference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from django.db.models import Count, Sum

from catalog.rules.terms import MetricTerms
from metering.models import Event, EventRemoval, HourlyUsage, HourlyValue, Quarantined
from metering.queries import Cut, Measured, bucket_digests, measured
from metering.rules import states
from monetization.foundation.actions import customers, environments
from monetization.foundation.models import Account, Environment
from monetization.values.periods import Period
from tests import make, metered, reference
from tests.make import AT, World
from tests.reference import Read
from tests.streamed import Streamed
from tests.traffic import ALIASES, END, METRICS, START, Line

ACCOUNTS = ("acme", "globex")
STATUSES = ("accepted", "duplicates", "conflicts", "quarantined", "rejected")
WHOLE = Period(START, END)


@dataclass
class House:
    """One environment: where one permutation happens."""

    world: World
    environment: Environment
    metrics: dict[str, MetricTerms]
    accounts: dict[str, Account]
    token: str
    statuses: Counter[str] = field(default_factory=Counter)

    @classmethod
    def build(cls, world: World, number: int) -> "House":
        made = environments.create_environment(key=f"p{number}", name=f"P{number}", kind="SANDBOX", by=None, at=AT)
        make._policies(made)
        customer = customers.create_customer(environment=made, key="one", name="One", by=None, at=AT)
        accounts = {key: make.account(customer, key, time_zone="Asia/Kathmandu") for key in ACCOUNTS}
        for alias, starts_at, ends_at, account in ALIASES:
            customers.add_alias(
                account=accounts[account], alias=alias, starts_at=starts_at, ends_at=ends_at, by=world.rosa, at=AT
            )
        metrics = {key: metered.metric(world, key, content, environment=made) for key, content in METRICS.items()}
        return cls(world, made, metrics, accounts, make.token(world.eli, made, "events:write"))

    def stored(self) -> Counter[tuple[Any, ...]]:
        """List the events that count."""
        gone = set(EventRemoval.objects.filter(environment=self.environment).values_list("event_seq", flat=True))
        rows = Event.objects.filter(environment=self.environment)
        columns = rows.values_list("seq", "account__key", "source", "event_id", "time", "digest")
        return Counter((*row[1:-1], bytes(row[-1]).hex()) for row in columns if row[0] not in gone)

    def aside(self) -> dict[tuple[str, ...], int]:
        """Give the open rows of quarantine, each with how often it came."""
        rows = Quarantined.objects.filter(environment=self.environment, status="OPEN")
        columns = rows.values_list("reason", "field", "source", "event_id", "digest", "repeats")
        return {(*row[:4], bytes(row[4]).hex()): row[5] + 1 for row in columns}

    def removed(self) -> Counter[str]:
        return Counter(EventRemoval.objects.filter(environment=self.environment).values_list("reason", flat=True))

    def hours(self) -> dict[tuple[Any, ...], tuple[Fraction, int]]:
        """Give every bucket; of distinct values the tables keep the values, so these are counted."""
        rows = HourlyUsage.objects.filter(account__environment=self.environment, events__gt=0)
        columns = ("account__key", "metric_version__metric__key", "hour", "dimensions__values", "quantity", "events")
        return {
            (account, key, hour, tuple(sorted(values.items()))): (Fraction(amount), events)
            for account, key, hour, values, amount, events in rows.values_list(*columns)
        } | self._distinct()

    def _distinct(self) -> dict[tuple[Any, ...], tuple[Fraction, int]]:
        rows = HourlyValue.objects.filter(account__environment=self.environment, events__gt=0)
        columns = ("account__key", "metric_version__metric__key", "hour", "dimensions__values")
        counted = rows.values_list(*columns).annotate(Count("pk"), Sum("events")).order_by()
        return {
            (account, key, hour, tuple(sorted(values.items()))): (Fraction(amount), events)
            for account, key, hour, values, amount, events in counted
        }

    def digests(self) -> dict[tuple[Any, ...], tuple[int, str]]:
        return {
            (account, key, bucket.starts_at, tuple(sorted(bucket.dims))): (bucket.events, bucket.digest.hex())
            for account, row in self.accounts.items()
            for key, metric in self.metrics.items()
            for bucket in bucket_digests(account_id=row.pk, metric=metric, period=WHOLE)
        }


# -- comparing


def stream(lines: Sequence[Line], metrics: dict[str, MetricTerms], now: datetime) -> Streamed:
    found = Streamed(metrics, ACCOUNTS, ALIASES)
    for line in lines:
        found.take(line.text, line.at or now)
    found.sweep()
    return found


def compare(house: House, expected: Streamed, chance: Random) -> None:
    """Hold events, quarantine, hours, digests and cuts of one permutation to the reference."""
    stored = Counter((e.account, e.source, e.id, e.time, e.digest.hex()) for e in expected.facts)
    assert house.stored() == stored
    assert house.aside() == expected.aside
    assert house.removed() <= expected.removed  # the door found what it can; of one batch it finds the others too
    hours = expected.hours()
    assert house.hours() == {place: each[:2] for place, each in hours.items()}
    assert house.digests() == {place: each[1:] for place, each in hours.items()}
    compare_cuts(house, expected, chance)


def settled(statuses: Counter[str], removed: Counter[str]) -> Counter[str]:
    """What was answered, after the sweep: a repeat from far away is seen at once where both came in one batch."""
    late = Counter(duplicates=removed["REPEAT"], conflicts=removed["CONFLICT"])
    return statuses + late - Counter(accepted=late.total())


def compare_cuts(house: House, expected: Streamed, chance: Random) -> None:
    span = (END - START) // timedelta(microseconds=1)
    on_events = {fact.time for fact in chance.sample(expected.facts, 4)}
    edges = sorted(
        {START, *on_events, *(START + timedelta(microseconds=chance.randrange(span)) for _ in range(12)), END}
    )
    spans = [Period(*pair) for pair in pairwise(edges)]
    for name, account in house.accounts.items():
        cuts = [Cut(each, {metric.version_id: metric for metric in house.metrics.values()}) for each in spans]
        rows = measured(account_ids=[account.pk], cuts=cuts)
        for key, metric in house.metrics.items():
            reads = [read for read, _ in expected.reads(name, key)]
            for number, each in enumerate(spans):
                mine = [row for row in rows if row.metric_version_id == metric.version_id and row.cut == number]
                assert from_rows(metric, mine, each) == by_dims(metric, reads, each)
                inside = Counter(read.dims for read in reads if read.time in each)
                assert {row.dims: row.events for row in mine if row.events} == inside


def from_rows(metric: MetricTerms, rows: Sequence[Measured], span: Period) -> dict[Any, Fraction]:
    assert span.ends_at is not None
    length = span.ends_at - span.starts_at
    found = {row.dims: states.total(metric, [(row.dims, row.state)], length) for row in rows}
    return {dims: value for dims, value in found.items() if value}


def by_dims(metric: MetricTerms, reads: Sequence[Read], span: Period) -> dict[Any, Fraction]:
    assert span.ends_at is not None
    groups: dict[Any, list[Read]] = {}
    for read in reads:
        groups.setdefault(read.dims, []).append(read)
    found = {dims: reference.total(metric, mine, span.starts_at, span.ends_at) for dims, mine in groups.items()}
    return {dims: value for dims, value in found.items() if value}
