"""Real requests through a real server at full speed: what is counted is what a sum over the files says.

Two traces of LLM services (`../shared/data`, left where they lie; see README, "Test data") go through a socket in
batches of 1,000 over several connections, half of them to be folded later, and once more in another order. A seeded
twin of the same shape always runs.
"""

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.db.models import Sum

from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Measure, MetricTerms
from metering.models import Inbox
from metering.queries import Cut, measured
from monetization.values.periods import Period
from tests import make, metered
from tests.processes import eventually
from tests.serving import HOST, folding, served

DATA = Path(settings.BASE_DIR).parent / "shared" / "data"
TRACES = {"acme": "azure_llm_trace_code.csv", "globex": "azure_llm_trace_conv.csv"}
CONNECTIONS, BATCH = 4, 1000
EVENING = datetime(2023, 11, 16, 18, 15, tzinfo=UTC)
LONG_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
TOKENS = MetricDraft(
    "llm.request", Aggregation.SUM, "token", LONG_SINCE,
    measures=(Measure("ContextTokens", "input"), Measure("GeneratedTokens", "output")), measure_dimension="kind",
    dimensions=(Dimension("service", "service"),),
)  # fmt: skip
CALLS = MetricDraft("llm.request", Aggregation.COUNT, "call", LONG_SINCE, dimensions=(Dimension("service", "service"),))


def event(account: str, number: int, row: dict[str, str]) -> dict[str, Any]:
    data = {"service": account, "ContextTokens": int(row["ContextTokens"])}
    data["GeneratedTokens"] = int(row["GeneratedTokens"])
    at = f"{row['TIMESTAMP'].replace(' ', 'T')}Z"
    return {"id": f"{account}:{number}", "type": "llm.request", "subject": account, "time": at, "data": data}


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def sums(path: Path) -> tuple[int, int, int]:
    """Add up a file: requests, tokens in, tokens out."""
    with path.open() as file:
        next(file)
        rows = [line.rstrip().split(",") for line in file]
    return len(rows), sum(int(row[1]) for row in rows), sum(int(row[2]) for row in rows)


def twin(folder: Path, account: str, count: int) -> Path:
    """Write a file of the same shape as a trace."""
    chance, at, path = Random(account), EVENING, folder / f"{account}.csv"
    with path.open("w") as file:
        file.write("TIMESTAMP,ContextTokens,GeneratedTokens\n")
        for _ in range(count):
            at += timedelta(microseconds=chance.choice((0, chance.randrange(400_000))))
            file.write(f"{at:%Y-%m-%d %H:%M:%S.%f}0,{chance.randrange(1, 8000)},{chance.randrange(1, 1200)}\n")
    return path


def send(port: int, token: str, bodies: list[tuple[bytes, bool]]) -> Counter[str]:
    """Send bodies over one connection; those marked are to be folded later."""
    caller, found = HTTPConnection(HOST, port, timeout=60), Counter[str]()
    for body, later in bodies:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        caller.request("POST", "/api/v1/events", body, headers | ({"Prefer": "respond-async"} if later else {}))
        answer = caller.getresponse()
        text = answer.read()
        assert answer.status in (200, 202), text[:500]
        if answer.status == 200:
            found += Counter({name: json.loads(text)[name] for name in ("accepted", "duplicates")})
        found[f"answers {answer.status}"] += 1
    caller.close()
    return found


def at_once(port: int, token: str, events: list[dict[str, Any]], *, later: bool) -> tuple[Counter[str], float]:
    """Send all events in batches over several connections; gives what was answered and the events a second."""
    parts = [json.dumps(events[start : start + BATCH]).encode() for start in range(0, len(events), BATCH)]
    marked = [(body, later and number % 2 == 1) for number, body in enumerate(parts)]
    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        shares = [marked[number::CONNECTIONS] for number in range(CONNECTIONS)]
        answers = list(pool.map(lambda share: send(port, token, share), shares))
    return sum(answers, Counter[str]()), len(events) / (time.monotonic() - began)


def counted(world: make.World, metrics: dict[str, MetricTerms]) -> dict[str, tuple[int, Decimal, Decimal]]:
    found = {}
    for key in TRACES:
        span = Period(datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
        cut = Cut(span, {metric.version_id: metric for metric in metrics.values()})
        rows = measured(account_ids=[world.accounts[key].pk], cuts=[cut])
        by_kind = {dict(row.dims).get("kind", "calls"): row.quantity for row in rows}
        found[key] = (int(by_kind["calls"]), by_kind["input"], by_kind["output"])
    return found


def proved(folder: Path, paths: dict[str, Path]) -> float:
    """Send the files through a server, twice, and compare with their sums; gives the rate of the first time."""
    world = make.world()
    metrics = {key: metered.metric(world, key, each) for key, each in (("tokens", TOKENS), ("calls", CALLS))}
    token = make.token(world.eli, world.live, "events:write")
    events = [event(key, n, row) for key, path in paths.items() for n, row in enumerate(rows_of(path), start=1)]
    expected = {key: sums(path) for key, path in paths.items()}
    with served(folder) as port, folding(folder):
        answered, rate = at_once(port, token, events, later=True)
        assert answered["answers 202"] > 0
        eventually(lambda: not Inbox.objects.filter(status=Inbox.Status.WAITING).exists(), 60)
        folded = Inbox.objects.aggregate(taken=Sum("accepted"))
        assert answered["accepted"] + folded["taken"] == len(events)
        assert counted(world, metrics) == expected
        Random(7).shuffle(events)
        answered, _ = at_once(port, token, events, later=False)
        assert answered["duplicates"] == len(events)
        assert counted(world, metrics) == expected
    return rate


@pytest.mark.django_db(transaction=True)
def test_a_seeded_twin_of_the_traces_counts_as_its_files_say(transactional_db, tmp_path, record_property):
    rate = proved(tmp_path, {"acme": twin(tmp_path, "acme", 2_500), "globex": twin(tmp_path, "globex", 5_500)})
    record_property("soak", f"Seeded traces over HTTP: {rate:,.0f} events/s")


@pytest.mark.skipif(not DATA.exists(), reason="the traces are not here; the seeded twin ran")
@pytest.mark.django_db(transaction=True)
def test_real_traces_count_as_their_files_say(transactional_db, tmp_path, record_property):
    paths = {key: DATA / name for key, name in TRACES.items()}
    assert [sums(path)[0] for path in paths.values()] == [8_819, 19_366]
    rate = proved(tmp_path, paths)
    record_property("soak", f"Real traces over HTTP: {rate:,.0f} events/s")
    print(f"{rate:,.0f} events/s")
