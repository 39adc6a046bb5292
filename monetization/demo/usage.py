"""Requests invented from a seed: working hours, weekends, growth, one spike, a few mistakes."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from monetization.demo.company import SEED, Buyer

HOURS = (2, 1, 1, 1, 1, 2, 3, 6, 9, 12, 12, 11, 9, 11, 12, 12, 10, 8, 6, 5, 4, 4, 3, 2)


def requests_on(buyer: Buyer, day: datetime, *, first: datetime, spike: bool) -> Iterator[dict[str, Any]]:
    """Yield a local day's requests of a buyer; the same seed and day give the same events.

    `day` is local midnight's date at UTC; `first` the first day of all, from which growth counts.
    """
    random = Random(f"{SEED}/{buyer.key}/{(day - first).days}")
    for number in range(_count(buyer, day, first, random) * (4 if spike else 1)):
        yield _request(buyer, day, number, random)


def _count(buyer: Buyer, day: datetime, first: datetime, random: Random) -> int:
    mean = buyer.requests * (100 + buyer.growth * (day - first).days // 45) // 100
    weekend = 35 if day.weekday() >= 5 else 100
    return max(1, mean * weekend * random.randint(80, 120) // 10_000)


def _request(buyer: Buyer, day: datetime, number: int, random: Random) -> dict[str, Any]:
    provider, _, model = random.choices(buyer.models, weights=range(len(buyer.models), 0, -1))[0].partition("/")
    hour = random.choices(range(24), weights=HOURS)[0]
    moment = datetime.combine(
        day.date(), time(hour, random.randrange(60), random.randrange(60), random.randrange(10**6)),
        tzinfo=ZoneInfo(buyer.time_zone),
    )  # fmt: skip
    context = int(math.exp(random.gauss(10.6, 0.9)))
    return {
        "id": f"{buyer.key}-{day:%Y%m%d}-{number}",
        "type": "llm.request",
        "subject": buyer.key,
        "time": moment.astimezone(UTC).isoformat(),
        "data": {
            "provider": provider,
            "model": model,
            "input_tokens": context,
            "output_tokens": int(context * random.uniform(0.03, 0.2)) + 20,
            "region": "eu" if buyer.currency == "EUR" else "us",
        },
    }


def days(start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield each day from `start` until before `end`."""
    day = start
    while day < end:
        yield day
        day += timedelta(days=1)
