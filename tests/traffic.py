"""A file of events as the world sends them: repeats, late ones, conflicts, names that moved, and what can't be counted.

Made from a seed, for accounts `acme` and `globex`; `gw-7` is acme's until MOVED and globex's from then on. Times lie
in the first months of 2024, so nothing depends on today.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from catalog.rules.drafts import MetricDraft
from catalog.rules.terms import Aggregation, Dimension, Filter, FilterOp, Measure

START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
MOVED = datetime(2024, 3, 15, 12, 34, 56, 789, tzinfo=UTC)
CLOSED = datetime(2024, 3, 10, 0, 0, 0, 1, tzinfo=UTC)
ALIASES = (("gw-7", None, MOVED, "acme"), ("gw-7", MOVED, None, "globex"), ("gw-old", None, CLOSED, "acme"))
LONG_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
MODELS, REGIONS = ("gpt-4o", "o3", "claude"), ("eu", "us", "ap")
CALL, SEATS = "llm.request", "seats.read"
MODEL, REGION = Dimension("model", "model"), Dimension("region", "region", required=False)
CONTEXT = Dimension("context", "input_tokens", (Decimal(128_000), Decimal(200_000)))
METRICS = {
    "tokens": MetricDraft(
        CALL, Aggregation.SUM, "1M tokens", LONG_SINCE,
        measures=(Measure("input_tokens", "input", ("cache.read",)), Measure("cache.read", "cache_read"),
                  Measure("output_tokens", "output")),
        measure_dimension="token_type", dimensions=(MODEL, CONTEXT),
    ),
    "calls": MetricDraft(
        CALL, Aggregation.COUNT, "call", LONG_SINCE,
        dimensions=(REGION, MODEL), filters=(Filter("status", FilterOp.NOT_IN, ("500", "true")),),
    ),
    "largest": MetricDraft(CALL, Aggregation.MAX, "tokens", LONG_SINCE, measures=(Measure("input_tokens"),),
                           dimensions=(MODEL, CONTEXT)),
    "users": MetricDraft(CALL, Aggregation.UNIQUE, "user", LONG_SINCE, measures=(Measure("user"),),
                         dimensions=(REGION,)),
    "seats": MetricDraft(SEATS, Aggregation.LATEST, "seat", LONG_SINCE, measures=(Measure("seats"),),
                         dimensions=(REGION,), carry=True, per=("region",)),
    "seat-hours": MetricDraft(SEATS, Aggregation.TIME_WEIGHTED, "seat", LONG_SINCE, measures=(Measure("change"),),
                              dimensions=(REGION,)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. Lines of one `chain` have an id in common and other bodies: their order decides.

    `at` is when a line without time arrives; all others may arrive whenever.
    """

    text: str
    chain: int = 0
    at: datetime | None = None


def lines(count: int, *, seed: int) -> list[Line]:
    """Make the file: 20 % are repeats, 10 % late, 3 % can't be counted, and 3 % are parts of chains."""
    chance = Random(seed)
    found: list[Line] = []
    plain: list[dict[str, Any]] = []
    while len(found) < count:
        die = chance.random()
        if die < 0.2 and plain:
            found.append(Line(spelled(chance.choice(plain), chance)))
        elif die < 0.207:
            found += _chain(chance, number=len(found) + 1)
        elif die < 0.21:
            found.append(Line(_unusable(chance, len(found))))
        else:
            one = _event(chance, len(found)) if die > 0.24 else _faulty(chance, len(found))
            plain.append(one)
            found.append(Line(spelled(one, chance)))
    return found


def _event(chance: Random, number: int) -> dict[str, Any]:
    month = START + timedelta(days=60)
    span = timedelta(days=60) if chance.random() < 0.1 else timedelta(days=31)
    first = START if span.days == 60 else month
    time = first + timedelta(microseconds=chance.randrange(span // timedelta(microseconds=1)))
    kind = SEATS if chance.random() < 0.1 else CALL
    if kind == SEATS or chance.random() < 0.3:  # many in the same hours
        time = month + timedelta(microseconds=chance.randrange(40 * 3_600_000_000))
    if chance.random() < 0.05:  # on the very bounds of hours, months and names
        bounds = [month, MOVED, CLOSED, time.replace(minute=0, second=0, microsecond=0)]
        time = chance.choice([*bounds, *(each - timedelta(microseconds=1) for each in bounds)])
    names = ["acme", "globex", "gw-7", *(["gw-old"] if time < CLOSED else [])]
    names = ["gw-7"] if time == MOVED else names
    return {
        "id": f"e{number}", "source": chance.choice(("api", "edge/1")), "type": kind, "subject": chance.choice(names),
        "time": time, "data": _seats(chance) if kind == SEATS else _call(chance),
    }  # fmt: skip


def _seats(chance: Random) -> dict[str, Any]:
    return {"seats": chance.randrange(1, 500), "change": chance.randrange(-5, 9), "region": chance.choice(REGIONS)}


def _call(chance: Random) -> dict[str, Any]:
    given = chance.choice((chance.randrange(1, 5000), 128_000, 128_001, 200_000, 200_001))
    data: dict[str, Any] = {"model": chance.choice(MODELS), "input_tokens": given, "user": f"u{chance.randrange(80)}"}
    data["output_tokens"] = chance.choice((chance.randrange(4000), Decimal(chance.randrange(10**9)).scaleb(-9)))
    if chance.random() < 0.5:
        data["region"] = chance.choice(REGIONS)
    if chance.random() < 0.3:
        data["cache"] = {"read": chance.randrange(given + 1)}
    if chance.random() < 0.2:
        data["status"] = chance.choice((200, 500, Decimal("500.0"), True, "500"))
    return data | ({"note": "ünïcode ✓ \t\\"} if chance.random() < 0.1 else {})


def _faulty(chance: Random, number: int) -> dict[str, Any]:
    """Make an event that is kept aside, with one fault."""
    one = _event(chance, number) | {"type": CALL, "data": _call(chance)}
    data = one["data"]
    spoilt: Sequence[dict[str, Any]] = (
        {"subject": "nobody"},
        {"subject": "gw-old", "time": CLOSED + timedelta(microseconds=chance.randrange(2))},
        {"type": "unheard.of"},
        {"time": datetime(2190, 1, 1, tzinfo=UTC) + timedelta(seconds=number)},
        {"data": data | {chance.choice(("model", "user")): None}},
        {"data": data | {"input_tokens": chance.choice((True, "many", 10**20, Decimal("0.0000000000000000001")))}},
    )  # fmt: skip
    return one | chance.choice(spoilt)


def _unusable(chance: Random, number: int) -> str:
    """Make a line of which nobody could ever count anything."""
    sound = {"id": f"r{number}", "type": CALL, "subject": "acme", "time": "2024-03-01T00:00:00Z", "data": {}}
    without = [{key: value for key, value in sound.items() if key != name} for name in ("id", "type", "subject")]
    return json.dumps(
        chance.choice([*without, sound | {"tiem": 1}, sound | {"time": "yesterday"}, sound | {"data": 5}])
    )


def _chain(chance: Random, number: int) -> Iterator[Line]:
    """Make lines of one id whose order decides: what came first stays, the others conflict or repeat it."""
    one = _event(chance, number) | {"id": f"c{number}", "subject": chance.choice(("acme", "globex"))}
    kind = chance.choice(("bodies", "near", "far", "timeless", "timeless far", "time left out"))
    if kind == "bodies":
        other = one | {"data": _seats(chance) if one["type"] == SEATS else _call(chance)}
        bodies = [one, other, *chance.choices([one, other], k=2)]
    elif kind in ("near", "far"):  # the door sees ±35 days, the sweep the others
        days = (datetime(2024, 2, 28, 9, tzinfo=UTC), datetime(2024, 3, 3, tzinfo=UTC))
        days = days if kind == "near" else (datetime(2024, 1, 5, tzinfo=UTC), datetime(2024, 3, 20, 7, tzinfo=UTC))
        bodies = [one | {"time": day} for day in chance.sample(days, 2)]
    else:
        yield from _timeless(chance, one, kind, number)
        return
    for body in bodies:
        yield Line(spelled(body, chance), chain=number)


def _timeless(chance: Random, one: dict[str, Any], kind: str, number: int) -> Iterator[Line]:
    """Make repeats that lack the time: across the end of a month, and so far apart that only the sweep sees them."""
    bare = {key: value for key, value in one.items() if key != "time"}
    midnight, minute = datetime(2024, 3, 1, tzinfo=UTC), timedelta(minutes=1)
    arrivals = (midnight - minute, midnight + minute)
    if kind == "timeless far":
        arrivals = (datetime(2024, 1, 10, tzinfo=UTC), datetime(2024, 3, 20, tzinfo=UTC))
    parts = [Line(spelled(bare, chance), chain=number, at=at) for at in arrivals]
    if kind == "time left out":  # by the first that comes, or by the second
        given = Line(spelled(one | {"time": midnight - minute}, chance), chain=number)
        parts = chance.choice(([given, parts[1]], [parts[1], given]))
    yield from parts


def spelled(event: dict[str, Any], chance: Random) -> str:
    """Write an event as JSON in one of many ways that mean the same."""
    body = dict(event)
    if isinstance(body.get("time"), datetime):
        body["time"] = _zoned(body["time"], chance)
    if body["source"] == "api" and chance.random() < 0.5:
        del body["source"]
    name = chance.choice(("subject", "account", "customer"))
    body[name] = body.pop("subject")
    return _object(body, chance)


def _zoned(time: datetime, chance: Random) -> str:
    there = timezone(timedelta(minutes=chance.choice((0, 60, 345, -570))))
    return time.astimezone(there).isoformat() if chance.random() < 0.5 else f"{time:%Y-%m-%dT%H:%M:%S.%f}Z"


def _object(value: dict[str, Any], chance: Random) -> str:
    items = list(value.items())
    chance.shuffle(items)
    return "{" + ", ".join(f"{json.dumps(key)}: {_value(each, chance)}" for key, each in items) + "}"


def _value(value: Any, chance: Random) -> str:
    if isinstance(value, dict):
        return _object(value, chance)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return json.dumps(value, ensure_ascii=chance.random() < 0.5)
    plain = format(value, "f") if isinstance(value, Decimal) else str(value)
    return chance.choice((plain, f"{plain}{'' if '.' in plain else '.'}00", f"{plain}e0"))


def chained(found: Sequence[Line]) -> dict[int, list[Line]]:
    """Collect the lines of each chain, in their order."""
    chains: dict[int, list[Line]] = {}
    for each in found:
        if each.chain:
            chains.setdefault(each.chain, []).append(each)
    return chains


def unchained(found: Sequence[Line]) -> list[Line]:
    """Let all lines that have their time go wherever they like."""
    return [replace(each, chain=0) if each.at is None else each for each in found]
