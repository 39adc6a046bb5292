"""Metrics, events and their independent sums for the tests of metering."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from catalog.actions import changes, metrics
from catalog.models import MetricVersion
from catalog.queries import metric_terms
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure, MetricTerms
from metering.models import HourlyUsage
from monetization.foundation.models import Environment
from monetization.foundation.queries import request_digest
from monetization.foundation.rules.approvals import Verdict
from tests import make

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
LLM = MetricDraft(
    event_type="llm.request",
    aggregation=Aggregation.SUM,
    unit="1M tokens",
    divisor=Decimal(1_000_000),
    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
    measures=(
        Measure("input_tokens", "input", ("cache_read_tokens",)),
        Measure("cache_read_tokens", "cache_read"),
        Measure("output_tokens", "output"),
    ),
    measure_dimension="token_type",
    dimensions=(
        Dimension("model", "model"),
        Dimension("context", "input_tokens", (Decimal(200_000),)),
    ),
)
REQUESTS = MetricDraft(
    event_type="llm.request",
    aggregation=Aggregation.COUNT,
    unit="request",
    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
    dimensions=(Dimension("region", "region", required=False),),
)


def metric(world: make.World, key: str, content: MetricDraft, *, environment: Environment | None = None) -> MetricTerms:
    """Make an approved metric: mia drafts, chen approves."""
    made = metrics.create(
        environment=environment or world.live, key=key, name=key, owner=world.mia, by=world.mia, at=make.AT,
        unseen_reason="test",
    )  # fmt: skip
    version = metrics.draft_version(metric=made, content=content, by=world.mia, at=make.AT)
    return approved(world, version)


def approved(world: make.World, version: MetricVersion, at: datetime = make.AT) -> MetricTerms:
    request = metrics.submit(version=version, reason="test", by=world.mia, at=at)
    changes.decide(request=request, verdict=Verdict.APPROVE, seen=request_digest(request), by=world.chen, at=at)
    return metric_terms(version)


def request(number: int, **more: Any) -> dict[str, Any]:
    """Make one event of an LLM call; `more` replaces or adds keys of the envelope, `data` those of the data."""
    data = {"model": "gpt-4o", "input_tokens": 100, "output_tokens": 10} | more.pop("data", {})
    body = {"id": f"e{number}", "type": "llm.request", "subject": "acme", "time": "2026-03-05T10:15:00Z"}
    return {key: value for key, value in (body | {"data": data} | more).items() if value is not None}


def requests(count: int, *, seed: int, accounts: Sequence[str] = ("acme", "globex")) -> list[dict[str, Any]]:
    """Make events over six weeks, several models and accounts, with large contexts among them."""
    chance = random.Random(seed)
    return [
        request(
            number,
            subject=chance.choice(accounts),
            time=(START + timedelta(microseconds=chance.randrange(42 * 86_400_000_000))).isoformat(),
            data={
                "model": chance.choice(("gpt-4o", "o3", "claude")),
                "input_tokens": chance.choice((chance.randrange(1, 5000), 200_000, 200_001)),
                "output_tokens": chance.randrange(4000),
            },
        )
        for number in range(count)
    ]


def sums() -> dict[tuple[str, str, datetime, tuple[tuple[str, str], ...]], tuple[Decimal, int]]:
    """Give the whole of hourly usage by (account key, metric key, hour, dimension values)."""
    rows = HourlyUsage.objects.select_related("account", "metric_version__metric", "dimensions").filter(events__gt=0)
    return {
        (
            row.account.key,
            row.metric_version.metric.key,
            row.hour,
            tuple(sorted(row.dimensions.values.items())),
        ): (row.quantity, row.events)
        for row in rows
    }


def expected_tokens(events: Iterable[dict[str, Any]]) -> dict[Any, tuple[Decimal, int]]:
    """Add up LLM events without the product's code, each id once."""
    quantity: Counter[Any] = Counter()
    count: Counter[Any] = Counter()
    for event in {event["id"]: event for event in events}.values():
        data, time = event["data"], datetime.fromisoformat(event["time"]).astimezone(UTC)
        hour = time.replace(minute=0, second=0, microsecond=0)
        context = ">200000" if data["input_tokens"] > 200_000 else "≤200000"
        for kind in ("input", "output"):
            dims = (("context", context), ("model", data["model"]), ("token_type", kind))
            key = (event["subject"], "tokens", hour, dims)
            quantity[key] += data[f"{kind}_tokens"]
            count[key] += 1
    return {key: (Decimal(quantity[key]), count[key]) for key in count}
