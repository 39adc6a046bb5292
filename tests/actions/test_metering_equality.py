"""What the tables say is what the pure rule and the definition say: all aggregations, cuts, zones, batches, removals.

Three are compared: the definition (`tests.reference`), the pure rule (`aggregate.usage`, `states.total`) and SQL over
days, hours and the events of cut hours (`measured`). Events come late and out of order in any batches; repeats from
far away are taken out by the sweep at some time; days are rolled up at some time, and followed or not.
"""

import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import count
from random import Random
from types import SimpleNamespace
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from catalog.rules.terms import MetricTerms
from metering.actions import days
from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.queries import Cut, Measured, measured
from metering.rules import aggregate, states
from monetization.foundation.models import Account
from monetization.values.periods import Period
from tests import make, metered, reference
from tests.metered import NOW
from tests.reference import Read
from tests.shapes import SHAPES, Sample, samples

SOAK = os.environ.get("SOAK") == "1"
EXAMPLES = 40 if SOAK else 4  # for each shape
PHASES = [each for each in Phase if SOAK or each is not Phase.shrink]  # shrinking takes minutes
FAR = timedelta(days=50)
numbers = count(1)
Rows = list[tuple[Any, Any]]


def metrics(world: make.World) -> dict[str, MetricTerms]:
    return {name: metered.metric(world, name, draft) for name, draft in SHAPES.items()}


def account(world: make.World, zone: str) -> Account:
    return make.account(world.customers["acme"], f"n{next(numbers)}", time_zone=zone)


def arrivals(sample: Sample, subject: str, chance: Random) -> list[dict[str, Any]]:
    """Give the events in an order of arrival; some come once more, with a time far before or as they were."""
    found = []
    for each in sample.events:
        twice = [each, each] if chance.random() < 0.2 else [each]
        if chance.random() < 0.3:
            twice.insert(chance.randrange(2), each | {"time": each["time"] - FAR})
        found += twice
    chance.shuffle(found)
    return [each | {"subject": subject, "id": f"{subject}:{each['id']}"} for each in found]


def send(world: make.World, events: Sequence[dict[str, Any]], chance: Random) -> None:
    """Send in random batches; between them the sweep, or the worker that builds days, may come by."""
    left = list(events)
    while left:
        size = chance.randrange(1, len(left) + 1)
        batch, left = left[:size], left[size:]
        written = [each | {"time": each["time"].isoformat()} for each in batch]
        receipt = ingest(environment=world.live, events=written, by=None, at=NOW)
        assert receipt.quarantined == receipt.rejected == 0
        if chance.random() < 0.3:
            sweep(at=NOW)
        if chance.random() < 0.3:
            days.build(at=chance.choice((NOW, NOW - timedelta(days=chance.randrange(3, 60)))))
    sweep(at=NOW)


def kept(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each id the first that came counts."""
    first: dict[str, dict[str, Any]] = {}
    for each in events:
        first.setdefault(each["id"], each)
    return list(first.values())


def definition(metric: MetricTerms, events: Sequence[dict[str, Any]]) -> list[Read]:
    facts = [SimpleNamespace(source="api", **each) for each in events]
    return sorted(read for fact in facts for read in reference.readings(metric, fact))


def pure(metric: MetricTerms, events: Sequence[dict[str, Any]], cuts: Sequence[Period], zone: str) -> dict[int, Rows]:
    facts = [aggregate.Event(e["id"], "api", e["type"], e["subject"], e["time"], e["data"]) for e in events]
    found: dict[int, Rows] = {number: [] for number in range(len(cuts))}
    for (number, dims), state in aggregate.usage(metric, facts, cuts, zone).items():
        found[number].append((dims, state))
    return found


def from_tables(metric: MetricTerms, account: Account, cuts: Sequence[Period]) -> dict[int, Rows]:
    asked = [Cut(cut, {metric.version_id: metric}) for cut in cuts]
    found: dict[int, Rows] = {number: [] for number in range(len(cuts))}
    for row in measured(account_ids=[account.pk], cuts=asked):
        assert isinstance(row, Measured) and row.events == row.state.events
        found[row.cut].append((row.dims, row.state))
    return found


def compare(world: make.World, metric: MetricTerms, sample: Sample, seed: int) -> None:
    chance, customer = Random(seed), account(world, sample.zone)
    came = arrivals(sample, customer.key, chance)
    send(world, came, chance)
    events, whole = kept(came), sample.period
    reads = definition(metric, events)
    upto = [Period(whole.starts_at, cut.ends_at) for cut in sample.cuts]
    for cuts in (list(sample.cuts), *([each] for each in upto)):
        by_rule, by_sql = pure(metric, events, cuts, sample.zone), from_tables(metric, customer, cuts)
        for number, cut in enumerate(cuts):
            said = [totals(metric, rows[number], whole) for rows in (by_rule, by_sql)]
            wanted = defined(metric, reads, cut, sample)
            assert said[0] == wanted, ("rule", cut)
            assert said[1] == wanted, ("tables", cut)
            assert counts(by_sql[number]) == counts(by_rule[number])


def counts(rows: Rows) -> dict[Any, int]:
    """Say how many events stand behind each row."""
    return {dims: state.events for dims, state in rows if state.events}


def totals(metric: MetricTerms, rows: Rows, whole: Period) -> dict[Any, Fraction]:
    """Make numbers of rows: of all, and of those that a price with a condition would select."""
    assert whole.ends_at is not None
    length = whole.ends_at - whole.starts_at
    selected: dict[Any, Callable[[Any], bool]] = {"all": lambda dims: True}
    selected |= {pair: lambda dims, pair=pair: pair in dims for pair in {pair for dims, _ in rows for pair in dims}}
    found = {
        key: states.total(metric, [(dims, state) for dims, state in rows if fits(dims)], length)
        for key, fits in selected.items()
    }
    return {key: value for key, value in found.items() if value}


def defined(metric: MetricTerms, reads: Sequence[Read], cut: Period, sample: Sample) -> dict[Any, Fraction]:
    assert cut.ends_at is not None
    full = (sample.period.starts_at, sample.period.ends_at)
    pairs = {pair for read in reads for pair in read.dims}
    selected = {"all": reads} | {pair: [read for read in reads if pair in read.dims] for pair in pairs}
    found = {
        key: reference.total(metric, mine, cut.starts_at, cut.ends_at, zone=sample.zone, full=full)
        for key, mine in selected.items()
    }
    return {key: value for key, value in found.items() if value}


def agreement(world: make.World, metric: MetricTerms, shape: str) -> Callable[[], None]:
    """Give the property for one metric; each example leaves nothing behind."""

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(samples(SHAPES[shape]), st.integers(0, 2**32))
    def agree(sample: Sample, seed: int) -> None:
        note(f"{shape} in {sample.zone}")
        with transaction.atomic():
            compare(world, metric, sample, seed)
            transaction.set_rollback(True)

    return agree


def test_tables_rule_and_definition_agree(world):
    for shape, metric in metrics(world).items():
        agreement(world, metric, shape)()
