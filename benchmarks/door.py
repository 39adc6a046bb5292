"""How fast events come in over HTTP, in batches of 1,000 whose bodies are written beforehand.

Synchronously (counted when answered) by one, two and four callers, beside R and beside the naive view; and, where the
caller prefers an answer at once, into the durable inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.conf import settings

from benchmarks import events, reference, served
from benchmarks.client import Client
from benchmarks.events import SPREAD, TYPICAL
from benchmarks.figures import Figure
from benchmarks.rounds import Job, Rounds
from benchmarks.world import key

BATCH, CALLERS = 1_000, (1, 2, 4)
Answered = Callable[[int, bytes], bool]


def figures(quick: bool) -> Iterator[Figure]:
    """Both shapes; the naive view takes turns with the first."""
    reference.empty()
    with served.naive(settings.VALUES["PORT"] + 1) as address:
        rounds = _measured(4 if quick else 12, 8 if quick else 20, TYPICAL, address)
    names = [f"http_{n}_callers" for n in CALLERS]
    best = max(names, key=lambda name: rounds.ratio(name, "R"))
    usual = max((f"naive_{n}_callers" for n in CALLERS), key=lambda name: rounds.ratio(name, "R"))
    yield from rounds.figures(names)
    yield Figure("http_best", f"{rounds.ratio(best, 'R'):.2f}", "R", "≥ 0.60 R")
    yield Figure("naive_best", f"{rounds.ratio(usual, 'R'):.2f}", "R")
    yield Figure("http_over_naive", f"{rounds.ratio(best, usual):.2f}", "of naive", "≥ 2.50")
    spread = _measured(3 if quick else 8, 8 if quick else 20, SPREAD, None)
    yield from spread.figures(names, suffix="_spread")


def _measured(count: int, batches: int, shape: str, naive: str | None) -> Rounds:
    rounds, headers = Rounds(), {"Authorization": f"Bearer {key()}", "Content-Type": "application/json"}
    ours = [Client(settings.BASE_URL, headers) for _ in range(max(CALLERS))]
    usual = [Client(naive, headers) for _ in range(max(CALLERS))] if naive else []
    with ThreadPoolExecutor(max(CALLERS)) as pool:
        for _ in range(count + 1):
            size = batches * BATCH
            jobs: dict[str, tuple[int, Job]] = {
                "R": (size, partial(reference.copied, reference.prepared(events.made(size, shape))))
            }
            for n in CALLERS:
                send = partial(sent, pool, ours[:n], "/api/v1/events", _bodies(batches, shape))
                jobs[f"http_{n}_callers"] = (size, send)
                if usual:
                    few = _bodies(4, shape)
                    jobs[f"naive_{n}_callers"] = (4 * BATCH, partial(sent, pool, usual[:n], "/events", few))
            rounds.run(jobs)
    rounds.forget_first()
    return rounds


def _bodies(count: int, shape: str) -> list[bytes]:
    return [events.body(events.made(BATCH, shape)) for _ in range(count)]


def sent(pool: ThreadPoolExecutor, clients: Sequence[Client], path: str, bodies: Sequence[bytes]) -> None:
    """Send the bodies, each caller its share one after the other."""
    shares = [(client, bodies[n :: len(clients)]) for n, client in enumerate(clients)]
    list(pool.map(lambda share: _share(share[0], path, share[1]), shares))


def _share(client: Client, path: str, bodies: Sequence[bytes]) -> None:
    client.connection.close()  # the server may have done so while others took their turn
    for body in bodies:
        status, content = client.ask("POST", path, body)
        assert status == 200 and b'"accepted":%d' % BATCH in content, (status, content[:300])
