"""Two metrics that don't add up: seats as a level over time, active users as distinct values. Nobody prices them."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from catalog.actions import metrics
from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure
from monetization.demo.catalog import approve
from monetization.demo.company import SEED, Buyer
from monetization.demo.opening import Company

MINUTE = timedelta(minutes=1)
NAMES = {"seats": "Seats", "active-users": "Active users"}


def define_kinds(company: Company, effective_at: datetime, at: datetime) -> None:
    """Draft both metrics and have them approved."""
    drafts = {
        "seats": MetricDraft(
            event_type="seats.read", aggregation=Aggregation.TIME_WEIGHTED, of_level=True, unit="seat",
            measures=(Measure("seats"),), effective_at=effective_at,
        ),
        "active-users": MetricDraft(
            event_type="session.started", aggregation=Aggregation.UNIQUE, unit="user", measures=(Measure("user"),),
            dimensions=(Dimension("product", "product"),), effective_at=effective_at,
        ),
    }  # fmt: skip
    for key, content in drafts.items():
        metric = metrics.create(
            environment=company.live, key=key, name=NAMES[key], owner=company["mia"], by=company["mia"], at=at
        )
        version = metrics.draft_version(metric=metric, content=content, by=company["mia"], at=at)
        request = metrics.submit(version=version, reason="Seats are sold next year", by=company["mia"], at=at)
        approve(request, company["chen"], at + MINUTE)


def kinds_on(buyer: Buyer, day: datetime, *, first: datetime) -> Iterator[dict[str, Any]]:
    """Yield a local day's sessions, and each Monday (and on the first day) how many seats there are."""
    random = Random(f"{SEED}/{buyer.key}/kinds/{(day - first).days}")
    people = 4 + buyer.requests // 20
    if day == first or day.weekday() == 0:
        seats = people + (day - first).days // 7
        yield _event(buyer, "seats.read", f"seats-{day:%Y%m%d}", day, random, {"seats": seats})
    for number in range(people // 3 if day.weekday() >= 5 else people):
        data = {"user": f"u{random.randrange(people)}", "product": random.choice(("console", "editor"))}
        yield _event(buyer, "session.started", f"session-{day:%Y%m%d}-{number}", day, random, data)


def _event(buyer: Buyer, kind: str, name: str, day: datetime, random: Random, data: dict[str, Any]) -> dict[str, Any]:
    moment = time(random.randrange(7, 20), random.randrange(60), random.randrange(60))
    local = datetime.combine(day.date(), moment, tzinfo=ZoneInfo(buyer.time_zone))
    return {
        "id": f"{buyer.key}-{name}",
        "type": kind,
        "subject": buyer.key,
        "time": local.astimezone(UTC).isoformat(),
        "data": data,
    }
