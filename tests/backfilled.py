"""Drafts whose usage of the past is computed, and the pure reference for what it must come to."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from catalog.actions import metrics
from catalog.models import Metric, MetricVersion
from catalog.queries import metric_terms
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Dimension, Filter, FilterOp
from metering.actions import backfill as actions
from metering.models import Backfill, HourlyUsage
from metering.rules import aggregate
from metering.rules.book import hour_of
from metering.rules.envelope import read
from monetization.values.periods import Period
from tests import make, metered
from tests.metered import NOW

FROM = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)  # inside an hour, on purpose
# Counts only calls with output, and tells contexts apart elsewhere.
CHANGED = replace(
    metered.LLM,
    effective_at=FROM,
    dimensions=(Dimension("model", "model"), Dimension("context", "input_tokens", (Decimal(4000),))),
    filters=(Filter("output_tokens", FilterOp.GT, ("0",)),),
)


def drafted(
    world: make.World, content: MetricDraft = CHANGED, key: str = "tokens", at: datetime = NOW
) -> MetricVersion:
    """Have mia draft another version of a metric."""
    return metrics.draft_version(metric=Metric.objects.get(key=key), content=content, by=world.mia, at=at)


def begun(world: make.World, version: MetricVersion, at: datetime = NOW, **more: Any) -> Backfill:
    """Order a backfill and start it."""
    row = actions.begin(version=version, reason="it counted too much", by=world.mia, at=at, **more)
    assert actions.start(backfill=row, at=at)
    return row


def ended(row: Backfill, at: datetime = NOW, size: int = 7) -> Backfill:
    """Do all its steps."""
    while actions.step(backfill=row, at=at, size=size):
        pass
    row.refresh_from_db()
    return row


def sums_of(version: MetricVersion) -> dict[Any, tuple[Decimal, int]]:
    """Give a version's hourly usage by (account key, hour, dimension values)."""
    rows = HourlyUsage.objects.filter(metric_version=version, events__gt=0).select_related("account", "dimensions")
    return {
        (row.account.key, row.hour, tuple(sorted(row.dimensions.values.items()))): (row.quantity, row.events)
        for row in rows
    }


def reference(
    version: MetricVersion, events: Iterable[dict[str, Any]], period: Period | None = None
) -> dict[Any, tuple[Decimal, int]]:
    """Stream events, each id once, through the pure rules, without any table."""
    found: dict[Any, tuple[Decimal, int]] = {}
    terms, within = metric_terms(version), [period or Period(version.effective_at, None)]
    for item in {each["id"]: each for each in events}.values():
        event = read(item)
        one = aggregate.Event(event.id, event.source, event.type, event.subject, event.time or NOW, event.data)
        for (_, dims), tally in aggregate.usage(terms, [one], within).items():
            place = (event.subject, hour_of(one.time), tuple(sorted(dims)))
            quantity, count = found.get(place, (Decimal(0), 0))
            found[place] = (quantity + tally.quantity, count + tally.events)
    return found
