"""Whether the processes of the product grow while millions of events go through them.

Resident memory of the web server and of the worker is read after each twenty batches; after the first fifth, which
warms everything up, a straight line is laid through it: its slope is what a million events would add.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from benchmarks import door, events, served
from benchmarks.client import Client
from benchmarks.events import TYPICAL
from benchmarks.figures import Figure
from benchmarks.world import key

FULL, QUICK = 5_000_000, 300_000
CALLERS, STRETCH = 4, 20  # batches between two looks
Look = tuple[float, float]


def figures(quick: bool) -> Iterator[Figure]:
    """Send, and look."""
    total = QUICK if quick else FULL
    watched = {name: served.siblings(word) for name, word in (("web", "granian"), ("worker", "worker"))}
    looks: dict[str, list[Look]] = {name: [] for name in watched}
    for sent in _sending(total):
        for name, pids in watched.items():
            looks[name].append((sent / 1_000_000, served.memory(pids)))
    yield Figure("events_sent", f"{total}", "events")
    for name, each in looks.items():
        warm = each[len(each) // 5 :]
        yield Figure(f"{name}_resident", f"{statistics.mean(mb for _, mb in warm):.0f}", "MB")
        slope = statistics.linear_regression([at for at, _ in warm], [mb for _, mb in warm]).slope
        yield Figure(f"{name}_slope", f"{slope:+.1f}", "MB per million events", "≤ 5")


def _sending(total: int) -> Iterator[int]:
    """Send all through the door; yields how many have been sent."""
    headers = {"Authorization": f"Bearer {key()}", "Content-Type": "application/json"}
    clients = [Client(settings.BASE_URL, headers) for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as pool:
        for sent in range(0, total, STRETCH * door.BATCH):
            bodies = [events.body(events.made(door.BATCH, TYPICAL)) for _ in range(STRETCH)]
            door.sent(pool, clients, "/api/v1/events", bodies)
            yield sent + STRETCH * door.BATCH
