"""How fast events are counted: decoded, admitted, stored once and added to usage, in batches of 10,000.

Beside R in every round, and each round writes as many rows into R's table as into the month of the events.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from benchmarks import events, reference
from benchmarks.events import SPREAD, TYPICAL
from benchmarks.figures import Figure
from benchmarks.rounds import Job, Rounds
from benchmarks.world import world
from metering.actions.ingest import ingest
from metering.api.body import items_in

BATCH = 10_000


def figures(quick: bool) -> Iterator[Figure]:
    """New events of both shapes, and batches of which a half was sent before."""
    reference.empty()
    yield from _new(TYPICAL, "", 5 if quick else 20, {"fold_10k": "≥ 0.75 R"})
    yield from _repeated(3 if quick else 12)
    yield from _new(SPREAD, "_spread", 3 if quick else 10, {})


def counted(body: bytes, new: int) -> None:
    """Take a body the way the door does; `new` of its events are not there yet."""
    receipt = ingest(
        environment=world().environment, events=items_in(body, "application/json", {}), by=None, at=datetime.now(UTC)
    )
    assert receipt.accepted == new, (receipt.accepted, receipt.items[0])


def _new(shape: str, suffix: str, count: int, aims: dict[str, str]) -> Iterator[Figure]:
    rounds = Rounds()
    for _ in range(count + 1):  # the first one warms up
        sent = events.made(BATCH, shape)
        body, lines = events.body(sent), reference.prepared(sent)
        jobs: dict[str, tuple[int, Job]] = {
            "R": (BATCH, partial(reference.copied, lines)),
            "fold_10k": (BATCH, partial(counted, body, BATCH)),
        }
        rounds.run(jobs)
    rounds.forget_first()
    yield from rounds.figures(["fold_10k"], suffix, aims)


def _repeated(count: int) -> Iterator[Figure]:
    """A half of each batch was sent in the round before."""
    rounds, before = Rounds(), events.made(BATCH)
    counted(events.body(before), BATCH)
    for _ in range(count):
        new, other = events.made(BATCH), events.made(BATCH // 2)
        mixed = [each for pair in zip(before[: BATCH // 2], other, strict=True) for each in pair]
        rounds.run(
            {
                "new": (BATCH, partial(counted, events.body(new), BATCH)),
                "half": (BATCH, partial(counted, events.body(mixed), BATCH // 2)),
            }
        )
        before = new
    yield Figure("half_repeats_cost", f"{rounds.ratio('new', 'half'):.2f}", "of new", "≤ 1.00")
