"""How long a reservation takes: at the database and through the door, by few callers and by many, all on one limit.

One limit is the worst case, because all wait for its one row. Every call is followed by giving back what was held,
which isn't timed, so that the limit is never reached and every reservation is admitted. `floor` is one bare UPDATE of
that row by as many callers: what the machine itself takes. Callers are threads of up to four processes, as threads of
one would wait for each other's Python; the first call of each, which connects, isn't timed.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from multiprocessing import get_context

from django.conf import settings
from django.db import connections

from benchmarks.client import Client
from benchmarks.figures import Figure, spread
from monetization.processes import collect_rarely

AIMS = {("database", 4): "≤ 10 ms", ("database", 32): "≤ 80 ms", ("http", 4): "≤ 25 ms", ("http", 32): "≤ 150 ms"}
ACCOUNT = "initech"  # whom no other limit of the demo stops
PROCESSES = 4
Caller = Callable[[int], list[float]]


def figures(quick: bool) -> Iterator[Figure]:
    """Median, 99th percentile and rate of reservations; what a batch of events costs more under a limit."""
    times = 50 if quick else 400
    end = _limit()
    secret = _key()
    for callers in (4, 32):
        for place, caller in (("floor", _floor), ("database", _at_database), ("http", partial(_over_http, secret))):
            began = time.perf_counter()
            seconds = _measured(caller, callers, max(times // (4 if callers == 32 else 1), 10))
            rate = 2 * len(seconds) / (time.perf_counter() - began)
            yield from spread(f"reserve_{place}_{callers}_callers", seconds, AIMS.get((place, callers), ""))
            yield Figure(f"{place}_{callers}_callers", f"{rate:.0f}", "calls/s")
    end()


def _measured(caller: Caller, callers: int, times: int) -> list[float]:
    """Time the calls of all callers, spread over processes."""
    connections.close_all()  # none may be shared with a child
    processes = min(callers, PROCESSES)
    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        parts = [pool.submit(_threads, caller, callers // processes, times) for _ in range(processes)]
        return [each for part in parts for each in part.result()]


def _threads(caller: Caller, callers: int, times: int) -> list[float]:
    collect_rarely()
    with ThreadPoolExecutor(callers) as pool:
        return [each for part in pool.map(caller, [times + 1] * callers) for each in part[1:]]


def _limit() -> Callable[[], object]:
    """Set a limit so wide that nothing is refused; returns what ends it."""
    from catalog.models import Metric
    from metering.actions.limits import LimitDraft, end_limit, set_limit
    from monetization.foundation.models import Account

    account = Account.objects.select_related("environment").get(environment__key="live", key=ACCOUNT)
    metric = Metric.objects.filter(environment=account.environment, versions__status="APPROVED").order_by("pk")[0]
    now = datetime.now(UTC)
    content = LimitDraft("Bench", Decimal(10**15), metric=metric, window="DAY")
    limit = set_limit(environment=account.environment, account=account, content=content, by=None, at=now)
    _metric[:] = [metric.key]
    return lambda: end_limit(limit=limit, by=None, at=datetime.now(UTC))


_metric: list[str] = []


def _at_database(times: int) -> list[float]:
    from metering.actions import holds, settling
    from monetization.foundation.models import Account

    account = Account.objects.select_related("environment").get(environment__key="live", key=ACCOUNT)
    live, seconds = account.environment, []
    for _ in range(times):
        key, wanted, now = str(uuid.uuid4()), holds.Use(account.pk, _metric[0], Decimal(3), {}), datetime.now(UTC)
        began = time.perf_counter()
        answer = holds.reserve(environment=live, key=key, use=wanted, seconds=60, at=now)
        seconds.append(time.perf_counter() - began)
        assert answer.admitted and not answer.degraded
        settling.release(environment=live, key=key, at=now)
    connections.close_all()
    return seconds


def _floor(times: int) -> list[float]:
    from metering.models import Counter

    pk, seconds = Counter.objects.filter(account__key=ACCOUNT, limit__name="Bench").latest("pk").pk, []
    with connections["default"].cursor() as cursor:
        for _ in range(times):
            began = time.perf_counter()
            cursor.execute("UPDATE metering_counter SET held = held WHERE id = %s", [pk])
            seconds.append(time.perf_counter() - began)
    connections.close_all()
    return seconds


def _over_http(secret: str, times: int) -> list[float]:
    client, seconds = Client(settings.BASE_URL, {"Authorization": f"Bearer {secret}"}), []
    for _ in range(times):
        key = str(uuid.uuid4())
        body = {"account": ACCOUNT, "metric": _metric[0], "amount": "3", "key": key}
        found = _asked(client, "reserve", body)
        seconds.append(client.seconds)
        assert found["admitted"] and not found["degraded"], found
        _asked(client, "release", {"key": key})
    return seconds


def _asked(client: Client, verb: str, body: dict[str, str]) -> dict[str, object]:
    status, content = client.ask(
        "POST", f"/api/v1/quota/{verb}", json.dumps(body).encode(), Content_Type="application/json"
    )
    assert status == 200, content[:500]
    found: dict[str, object] = json.loads(content)
    return found


def _key() -> str:
    from monetization.foundation.actions import access
    from monetization.foundation.models import Environment, User

    now = datetime.now(UTC)
    _, secret = access.issue_key(
        environment=Environment.objects.get(key="live"), owner=User.objects.get(email="eli@lumen.example"),
        name=f"bench {uuid.uuid4()}", scopes=["quota:use"], expires_at=now + timedelta(hours=1), by=None, at=now,
    )  # fmt: skip
    return secret
