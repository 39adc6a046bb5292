"""A file of events comes to the same, however it is sent: any order, any batches, four writers, torn connections.

Two of the writers let some batches be folded later, by a folder that is killed in the middle and started again.

Each permutation has an environment of its own with the same accounts and metrics, and all are compared with one
reference (`tests.streamed`) that streams the file through the rules and touches no table.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection, connections
from django.db.utils import DatabaseError, InterfaceError
from django.utils import timezone

from metering.actions.ingest import ingest
from metering.actions.sweep import sweep
from metering.models import Inbox
from tests import make, traffic
from tests.house import ACCOUNTS, STATUSES, House, compare, settled, stream
from tests.processes import eventually
from tests.serving import Folder, folding
from tests.streamed import Streamed
from tests.traffic import ALIASES, Line

WRITERS, SYNCHRONOUS = 4, 2


# -- sending


Sent = Callable[[], Counter[str]]


def sender(house: House, batch: Sequence[Line], *, later: bool) -> Sent:
    """Send lines as NDJSON through the door; one that has no time is taken at the instant that the file says.

    What is to be folded later is counted by its receipt, in the end.
    """
    if batch[0].at is not None:
        items = [json.loads(each.text, parse_float=Decimal) for each in batch]
        return lambda: counted(ingest(environment=house.environment, events=items, by=None, at=batch[0].at))
    body = "\n".join(each.text for each in batch).encode()

    def send() -> Counter[str]:
        headers = {"Prefer": "respond-async"} if later else {}
        post = make.Api(house.token).client.post
        answer = post("/api/v1/events", body, content_type="application/x-ndjson", headers=headers)
        if answer.status_code == 429 and later:  # too much waits: not kept
            time.sleep(0.2)
            return send()
        if answer.status_code == 202:
            return Counter()
        if answer.status_code == 422:  # not one of them can be used
            return Counter(rejected=len(batch))
        if answer.status_code != 200:
            raise DatabaseError(answer.content[:500])
        return Counter({name: answer.json()[name] for name in STATUSES})

    return send


def counted(receipt: Any) -> Counter[str]:
    return Counter({name: getattr(receipt, name) for name in STATUSES})


def write(house: House, lines: Sequence[Line], chance: Random, *, may_wait: bool) -> Counter[str]:
    """Send one writer's lines; now and then its connection is closed, or cut off by the server."""
    statuses: Counter[str] = Counter()
    try:
        for batch in batches(lines, chance):
            tear(chance)
            send = sender(house, batch, later=may_wait and chance.random() < 0.5)
            try:
                answer = send()
            except (DatabaseError, InterfaceError):  # nothing was answered, so it is sent again
                connections.close_all()
                answer = send()
            statuses += answer
        return statuses
    finally:
        connections.close_all()


def tear(chance: Random) -> None:
    die = chance.random()
    if die < 0.05:
        connections.close_all()
    elif die < 0.1 and connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        other.close()


def batches(lines: Sequence[Line], chance: Random) -> Iterator[list[Line]]:
    """Split anywhere; an arrival that the file dates is a batch of its own."""
    batch: list[Line] = []
    most = chance.choice((5, 60, 400)) if len(lines) < 400 else chance.choice((60, 400, 2000))
    size = chance.randrange(1, most + 1)
    for line in lines:
        if line.at is not None:
            yield from ([batch] if batch else [])
            yield [line]
            batch = []
            continue
        batch.append(line)
        if len(batch) >= size:
            yield batch
            batch, size = [], chance.randrange(1, most + 1)
    yield from ([batch] if batch else [])


def shuffled(lines: Sequence[Line], chance: Random) -> list[list[Line]]:
    """Give each writer a share in any order; a chain stays with one that never lets a batch wait, in its order."""
    shares: list[list[Line]] = [[] for _ in range(WRITERS)]
    for line in lines:
        number = line.chain % SYNCHRONOUS if line.chain else chance.randrange(WRITERS)
        shares[number].append(line)
    for share in shares:
        chance.shuffle(share)
        chains = {key: iter(each) for key, each in traffic.chained(lines).items()}
        share[:] = [next(chains[line.chain]) if line.chain else line for line in share]
    return shares


def permuted(house: House, lines: Sequence[Line], chance: Random, folder: Folder) -> None:
    """Send the file once, by four writers, fold what waits, and sweep."""
    shares = shuffled(lines, chance)
    seeds = [Random(chance.random()) for _ in shares]
    with ThreadPoolExecutor(WRITERS) as pool:
        jobs = [
            pool.submit(write, house, share, seed, may_wait=number >= SYNCHRONOUS)
            for number, (share, seed) in enumerate(zip(shares, seeds, strict=True))
        ]
        time.sleep(chance.random() * 3)
        folder.kill()
        folder.start()
        for job in jobs:
            house.statuses += job.result()
    inbox = Inbox.objects.filter(environment=house.environment)
    eventually(lambda: not inbox.filter(status=Inbox.Status.WAITING).exists(), 120)
    for row in inbox.values_list(*STATUSES):
        house.statuses += Counter(dict(zip(STATUSES, row, strict=True)))
    sweep(at=timezone.now())


def proved(folder: Folder, *, seed: int, count: int, permutations: int) -> None:
    lines, world = traffic.lines(count, seed=seed), make.world()
    for number in range(permutations):
        house, chance = House.build(world, number), Random(f"{seed} {number}")
        permuted(house, lines, chance, folder)
        if number == 0:
            expected = stream(lines, house.metrics, datetime.now(UTC))
        assert settled(house.statuses, house.removed()) == settled(expected.statuses, expected.removed)
        compare(house, expected, chance)


@pytest.mark.django_db(transaction=True)
def test_any_order_and_any_batches_of_four_writers_come_to_the_same(transactional_db, tmp_path):
    with folding(tmp_path) as folder:
        proved(folder, seed=3, count=2_000, permutations=3)


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_a_hundred_permutations_of_ten_thousand_events(transactional_db, tmp_path):
    with folding(tmp_path) as folder:
        proved(folder, seed=11, count=10_000, permutations=100)


@pytest.mark.django_db(transaction=True)
def test_of_conflicts_in_any_order_one_stays_and_all_else_follows(transactional_db, tmp_path):
    """Which body is the first accepted is chance; told which, the reference comes to the very same."""
    house, chance = House.build(make.world(), 0), Random(5)
    lines = traffic.unchained(traffic.lines(700, seed=5))
    with folding(tmp_path) as folder:
        permuted(house, lines, chance, folder)
    kept = {(source, id, digest) for _, source, id, _, digest in house.stored()}
    now = datetime.now(UTC)

    def came_first(line: Line) -> bool:
        probe = Streamed(house.metrics, ACCOUNTS, ALIASES)
        probe.take(line.text, line.at or now)
        return any((fact.source, fact.id, fact.digest.hex()) in kept for fact in probe.facts)

    ordered = sorted(lines, key=lambda line: not came_first(line))
    compare(house, stream(ordered, house.metrics, now), chance)
