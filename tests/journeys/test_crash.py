"""SIGKILL of the web server and the folder, and an immediate stop of PostgreSQL while events come in, at random points.

After every one: what was acknowledged is there once, nothing else is, usage is what the events add up to, and the
other processes go on by themselves.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import make, metered
from tests.conftest import SOAK
from tests.processes import eventually
from tests.served import Served

POINTS = 100 if SOAK else 6
SENDERS, BATCH = 3, 40
USAGE = """
SELECT s."values"->>'token_type', sum(u.quantity), sum(u.events) FROM metering_hourlyusage u
JOIN metering_dimensionset s ON s.id = u.dimensions_id GROUP BY 1
"""


@pytest.fixture
def served(transactional_db: None, tmp_path: Path) -> Iterator[Served]:
    """A product of our own with the cast, a metric and a key."""
    world = make.world()
    metered.metric(world, "tokens", metered.LLM)
    own = Served(tmp_path, token=make.token(world.eli, world.live))
    own.start_postgres()
    own.copy()
    own.start_web()
    own.start_folder()
    yield own
    own.stop()


@dataclass
class Sender:
    """Sends batches of new events until it is stopped, and some of them again; keeps what was answered."""

    number: int
    served: Served
    seed: int
    stopped: threading.Event = field(default_factory=threading.Event)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    refusals: list[tuple[int, str, str]] = field(default_factory=list)

    def run(self) -> None:
        chance = random.Random(self.seed)
        while not self.stopped.is_set():
            fresh = [self._event(len(self.sent) + n, chance) for n in range(BATCH)]
            self.sent |= {event["id"]: event for event in fresh}
            again = chance.sample(list(self.sent.values()), min(8, len(self.sent)))
            self.deliver([*fresh, *again], prefer=chance.choice(("", "respond-async")))

    def deliver(self, events: list[dict[str, Any]], prefer: str = "") -> bool:
        """Send once; a connection that breaks is an answer too."""
        try:
            status, body, headers = self.served.send(events, prefer)
        except (OSError, ValueError) as error:
            self.refusals.append((0, type(error).__name__, ""))
            time.sleep(0.1)
            return False
        if status == 202:  # safe in the inbox, counted soon
            self.acknowledged |= {event["id"] for event in events}
            return True
        if status != 200:
            self.refusals.append((status, body.get("type", ""), headers.get("retry-after", "")))
            time.sleep(0.1)
            return False
        assert {item["status"] for item in body["items"]} <= {"accepted", "duplicate"}
        self.acknowledged |= {item["id"] for item in body["items"]}
        return True

    def _event(self, number: int, chance: random.Random) -> dict[str, Any]:
        day, tokens = chance.randrange(1, 29), chance.randrange(1, 10_000)
        when = f"2026-{chance.randrange(2, 5):02}-{day:02}T{chance.randrange(24):02}:30:00Z"
        return metered.request(f"{self.number}-{number}", time=when, data={"input_tokens": tokens, "output_tokens": 1})


def while_sending(served: Served, seed: int, act: Callable[[], None]) -> list[Sender]:
    """Let senders work, do something in between, and stop them."""
    senders = [Sender(seed * 10 + n, served, seed * 10 + n) for n in range(SENDERS)]
    threads = [threading.Thread(target=sender.run, daemon=True) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        for sender in senders:
            sender.stopped.set()
        for thread in threads:
            thread.join(60)
    return senders


def prove(served: Served, senders: list[Sender]) -> None:
    """Acknowledged → there once; there → sent; usage is the sum over what is there."""
    eventually(lambda: served.asked("SELECT count(*) FROM metering_inbox WHERE status <> 'FOLDED'") == [(0,)], 60)
    sent = {name: event for sender in senders for name, event in sender.sent.items()}
    acknowledged = set().union(*(sender.acknowledged for sender in senders))
    there = [row[0] for row in served.asked("SELECT event_id FROM metering_event")]
    assert len(there) == len(set(there))
    assert acknowledged <= set(there) <= set(sent)
    usage = {kind: (quantity, events) for kind, quantity, events in served.asked(USAGE)}
    expected = sum(sent[name]["data"]["input_tokens"] for name in there)
    assert usage == {"input": (Decimal(expected), len(there)), "output": (Decimal(len(there)), len(there))}


def settle(served: Served, senders: list[Sender]) -> None:
    """Send again all that was not acknowledged: then everything is there."""
    for sender in senders:
        missing = [event for name, event in sender.sent.items() if name not in sender.acknowledged]
        for start in range(0, len(missing), 500):
            assert sender.deliver(missing[start : start + 500])
        assert sender.acknowledged == sender.sent.keys()


def web_dies(served: Served) -> None:
    served.kill_web()
    served.start_web()


def postgres_dies(served: Served) -> None:
    web = served.web
    served.kill_postgres()
    time.sleep(0.3)  # callers meet a product without its database
    served.start_postgres()
    assert web is not None and web.poll() is None
    assert served.folding is not None and served.folding.poll() is None


def folder_dies(served: Served) -> None:
    served.kill_folder()
    served.start_folder()


KILLS: dict[str, Callable[[Served], None]] = {"web": web_dies, "postgres": postgres_dies, "folder": folder_dies}


def test_every_acknowledged_event_survives_any_kill(served: Served, record_property) -> None:
    chance, senders, kinds = random.Random(2026), [], list(KILLS)
    slowest = 0.0
    for point in range(POINTS):
        kill, delay = KILLS[kinds[point % len(kinds)]], chance.uniform(0.05, 0.8)

        def act(kill=kill, delay=delay) -> None:
            time.sleep(delay)
            kill(served)

        senders += while_sending(served, point, act)
        began = time.monotonic()
        while not senders[-1].deliver(list(senders[-1].sent.values())[:1]):
            assert time.monotonic() - began < 20
        slowest = max(slowest, time.monotonic() - began)
        prove(served, senders)
    settle(served, senders)
    prove(served, senders)
    refused = {refusal for sender in senders for refusal in sender.refusals}
    assert {status for status, *_ in refused} <= {0, 429, 503}, refused
    assert all(wait for status, _, wait in refused if status)
    events = sum(len(sender.sent) for sender in senders)
    record_property("soak", f"{POINTS} kills of web, folder and PostgreSQL during {events:,} events: each counted once;"
                    f" answering again after {slowest:.1f} s at most")  # fmt: skip
    assert events > POINTS * BATCH
