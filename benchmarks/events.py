"""The events that the bench sends: about 145 bytes of data each, keys that rise with time, two shapes.

`typical`: accounts as active as Zipf says (the n-th a n-th of the first), each with up to 3 of the 54 combinations,
which is what customers do; the aims are for it. `spread`: every account alike with any combination, so that nearly
every event of a batch is a bucket of its own: the worst there is.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from benchmarks.world import ACCOUNTS, COMBINATIONS, TYPE, world
from monetization.values.canonical import canonical

TYPICAL, SPREAD = "typical", "spread"
SOURCE = "gateway-eu-1"
A_SECOND = 1_000  # events whose times lie in one second
FAVOURITES = (6, 3, 1)

_numbers = itertools.count(random.SystemRandom().randrange(1 << 24) << 24)
_zipf = tuple(itertools.accumulate(1 / (rank + 1) for rank in range(ACCOUNTS)))
_ranks = random.Random(7).sample(range(ACCOUNTS), ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Sent:
    """One event as it will be sent; `data` is its JSON."""

    id: str
    account: int
    time: datetime
    data: str

    @property
    def json(self) -> str:
        return (
            f'{{"id":"{self.id}","source":"{SOURCE}","type":"{TYPE}","subject":"c{self.account:05}",'
            f'"time":"{self.time:%Y-%m-%dT%H:%M:%S.%fZ}","data":{self.data}}}'
        )


def favourites(account: int) -> tuple[tuple[str, str, str], ...]:
    """Give the three combinations that a typical account uses."""
    return tuple(COMBINATIONS[(account * 7 + step * 17) % len(COMBINATIONS)] for step in range(3))


def drawn(count: int, chance: random.Random, accounts: int = ACCOUNTS) -> list[int]:
    """Draw whose events they are, as Zipf says, among the most active accounts."""
    return [_ranks[n] for n in chance.choices(range(accounts), cum_weights=_zipf[:accounts], k=count)]


def combination(account: int, chance: random.Random) -> tuple[str, str, str]:
    """Draw one of an account's three combinations."""
    return chance.choices(favourites(account), FAVOURITES)[0]


def made(count: int, shape: str = TYPICAL, until: datetime | None = None) -> list[Sent]:
    """Invent new events whose times end at an instant (now); no key was ever used before."""
    end, chance = until or datetime.now(UTC), random.Random()
    accounts = drawn(count, chance) if shape == TYPICAL else chance.choices(range(ACCOUNTS), k=count)
    return [
        _event(account, end - timedelta(seconds=(count - n) / A_SECOND), shape, chance)
        for n, account in enumerate(accounts)
    ]


def _event(account: int, time: datetime, shape: str, chance: random.Random) -> Sent:
    number = next(_numbers)
    model, region, kind = combination(account, chance) if shape == TYPICAL else chance.choice(COMBINATIONS)
    data = (
        f'{{"model":"{model}","region":"{region}","kind":"{kind}","tokens":{chance.randrange(1, 9000)},'
        f'"cached":{chance.randrange(900)},"latency_ms":{chance.randrange(50, 4000)},'
        f'"endpoint":"/v1/chat/completions","request":"req_{number:014x}"}}'
    )
    return Sent(f"{int(time.timestamp() * 1000):011x}{number & 0xFFFF_FFFF:08x}", account, time, data)


def body(events: Sequence[Sent]) -> bytes:
    """Write a request's body."""
    return ("[" + ",".join(each.json for each in events) + "]").encode()


def rows(events: Sequence[Sent], received_at: datetime) -> bytes:
    """Write the same events as lines of COPY for a table like that of the events, digests and all."""
    ids, environment = world().accounts, world().environment.pk
    lines = []
    for each in events:
        text = canonical(msgspec.json.decode(each.data))
        digest = sha256(text.encode()).hexdigest()
        lines.append(
            f"{environment}\t{ids[each.account]}\t{SOURCE}\t{each.id}\t{TYPE}\tc{each.account:05}"
            f"\t{each.time.isoformat()}\tt\t{received_at.isoformat()}\t{text}\t\\\\x{digest}"
        )
    return "\n".join(lines).encode()


def parts(events: Sequence[Sent], size: int) -> Iterator[Sequence[Sent]]:
    """Yield slices of equal size."""
    return (events[start : start + size] for start in range(0, len(events), size))
