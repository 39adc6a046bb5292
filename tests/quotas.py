"""Limits, reservations and what they should come to, for the tests of quotas.

It is 20 April 2026, 14:00 in Berlin. A request of `request` reads 110 tokens: 0.00011 of 1M tokens.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.models import Metric
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure
from metering.actions import holds, settling
from metering.actions.holds import Answer, Use
from metering.actions.ingest import ingest
from metering.actions.limits import LimitDraft, set_limit
from metering.models import Counter, Hold, Limit
from monetization.foundation.models import Account
from tests import make, metered
from tests.metered import NOW

UNITS = MetricDraft(
    event_type="work.done",
    aggregation=Aggregation.SUM,
    unit="unit",
    effective_at=datetime.fromisoformat("2020-01-01T00:00:00Z"),
    measures=(Measure("units"),),
    dimensions=(Dimension("model", "model", required=False), Dimension("region", "region", required=False)),
)
D = Decimal


def units(world: make.World) -> Metric:
    """Make the metric `units`: the sum of a field, by model and region."""
    metered.metric(world, "units", UNITS)
    return Metric.objects.get(environment=world.live, key="units")


def limit(
    world: make.World, most: str | int, *, account: Account | None | str = "acme", at: datetime = NOW, **more: Any
) -> Limit:  # fmt: skip
    """Set a hard daily limit of units for acme, unless told otherwise."""
    metric = more.pop("metric", ...)
    metric = Metric.objects.get(environment=world.live, key="units") if metric is ... else metric
    content = LimitDraft(**{"name": "Units a day", "most": D(most), "metric": metric, "window": "DAY"} | more)
    whose = world.accounts[account] if isinstance(account, str) else account
    return set_limit(environment=world.live, account=whose, content=content, by=None, at=at)


def work(number: int | str, amount: str | int, *, at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """Write an event of use."""
    data = {"units": D(amount)} | more.pop("data", {})
    return {"id": f"w{number}", "type": "work.done", "subject": "acme", "time": at.isoformat(), "data": data} | more


def use(world: make.World, *events: Mapping[str, Any], at: datetime = NOW) -> int:
    """Send events; returns how many counted."""
    return ingest(environment=world.live, events=list(events), by=None, at=at).accepted


def reserve(
    world: make.World, key: str, amount: str | int, *, at: datetime = NOW, account: str = "acme",
    seconds: int | None = None, **dimensions: str,
) -> Answer:  # fmt: skip
    """Reserve units."""
    wanted = Use(world.accounts[account].pk, "units", D(amount), dimensions)
    return holds.reserve(environment=world.live, key=key, use=wanted, seconds=seconds, at=at)


def check(
    world: make.World, amount: str | int = 0, *, at: datetime = NOW, account: str = "acme", **dims: str
) -> Answer:
    """Ask without holding."""
    wanted = Use(world.accounts[account].pk, "units", D(amount), dims)
    return holds.check(environment=world.live, use=wanted, at=at)


def settle(world: make.World, key: str, event: str, *, at: datetime = NOW, source: str = "api") -> Hold:
    """Settle by an event."""
    return settling.settle(environment=world.live, key=key, source=source, event_id=event, at=at)


def release(world: make.World, key: str, *, at: datetime = NOW) -> Hold:
    """Give back."""
    return settling.release(environment=world.live, key=key, at=at)


def stands(limit: Limit, account: Account | None = None) -> tuple[Decimal, Decimal]:
    """Give what the newest counter of a limit says: spent, held."""
    counters = Counter.objects.filter(limit=limit)
    counter = (counters.filter(account=account) if account else counters).order_by("-starts_at")[0]
    return counter.spent.normalize() + 0, counter.held.normalize() + 0
