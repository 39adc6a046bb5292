"""Events accepted before they are read: how fast they are kept, and how fast the folder takes them in.

First with the folder and the worker standing still: keeping, then folding what waits, in turns with R. Then together:
keeping at full speed while a folder of the product works beside it, which tells what is left for each.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from django.conf import settings

from benchmarks import events, reference, served
from benchmarks.client import Client
from benchmarks.events import TYPICAL
from benchmarks.figures import Figure
from benchmarks.rounds import Job, Rounds
from benchmarks.world import key, world
from metering.actions import inbox
from metering.api.receipts import items_of
from metering.models import Inbox

BATCH, CALLERS = 1_000, 4


def figures(quick: bool) -> Iterator[Figure]:
    """Alone, then beside each other."""
    reference.empty()
    headers = {"Authorization": f"Bearer {key()}", "Content-Type": "application/json", "Prefer": "respond-async"}
    clients = [Client(settings.BASE_URL, headers) for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as pool:
        yield from _alone(pool, clients, 3 if quick else 12)
        yield from _together(pool, clients, 60 if quick else 300)


def _alone(pool: ThreadPoolExecutor, clients: list[Client], count: int) -> Iterator[Figure]:
    """Keep 20 batches, then fold them, in each round."""
    rounds, size = Rounds(), 20 * BATCH
    with served.halted([*served.siblings("fold"), *served.siblings("worker")]):
        _drain()
        for number in range(count + 1):
            sent = [events.made(BATCH, TYPICAL) for _ in range(20)]
            lines = [rows for each in sent for rows in reference.prepared(each)]
            jobs: dict[str, tuple[int, Job]] = {
                "R": (size, partial(reference.copied, lines)),
                "accept": (size, partial(_accept, pool, clients, [events.body(each) for each in sent])),
            }
            # What was kept can only be folded afterwards, so these don't change places.
            rounds.run(jobs)
            began = time.perf_counter()
            _drain()
            if number:
                rounds.rates.setdefault("fold_inbox", []).append(size / (time.perf_counter() - began))
    rounds.rates = {name: rates[-count:] for name, rates in rounds.rates.items()}
    aims = {"accept": "≥ 2.50 R", "fold_inbox": "≥ 0.75 R"}
    yield from rounds.figures(["accept", "fold_inbox"], aims=aims)


def _together(pool: ThreadPoolExecutor, clients: list[Client], batches: int) -> Iterator[Figure]:
    """Keep and fold at the same time; R is measured just before."""
    lines = reference.prepared(events.made(20 * BATCH, TYPICAL))
    began = time.perf_counter()
    reference.copied(lines)
    base = 20 * BATCH / (time.perf_counter() - began)
    bodies = [events.body(events.made(BATCH, TYPICAL)) for _ in range(batches)]
    before, began = _folded(), time.perf_counter()
    _accept(pool, clients, bodies)
    kept, kept_in = batches * BATCH, time.perf_counter() - began
    folded = _folded() - before
    yield Figure("accept_beside_the_fold", f"{kept / kept_in / base:.2f}", "R")
    yield Figure("fold_beside_the_accept", f"{folded / kept_in / base:.2f}", "R")
    while _folded() - before < kept:
        time.sleep(0.05)
    seconds = time.perf_counter() - began
    yield Figure("fold_of_the_product", f"{kept / seconds / base:.2f}", "R", "≥ 0.50 R")


def _accept(pool: ThreadPoolExecutor, clients: list[Client], bodies: list[bytes]) -> None:
    shares = [(client, bodies[n :: len(clients)]) for n, client in enumerate(clients)]
    list(pool.map(lambda share: _share(*share), shares))


def _share(client: Client, bodies: list[bytes]) -> None:
    """Send; where the product says that too much waits, wait as it says (the time counts)."""
    client.connection.close()
    for body in bodies:
        while (answer := client.ask("POST", "/api/v1/events", body))[0] == 429:
            time.sleep(0.5)
        assert answer[0] == 202, answer


def _drain() -> None:
    while inbox.fold_some(read=items_of, at=datetime.now(UTC)):
        pass


def _folded() -> int:
    """Count the events that came by the inbox and were folded."""
    done = Inbox.objects.filter(environment=world().environment, status=Inbox.Status.FOLDED)
    return sum(done.values_list("accepted", flat=True))
