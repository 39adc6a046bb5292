"""Broken bytes at the door: never a 5xx, an answer for each event, and no good neighbour lost.

Seeded: the same requests each time, and many more with another seed in the soak.
"""

import itertools
import json
import os
import random

import pytest
from django.test import Client

from metering.models import Event
from tests import make, mangled, metered
from tests.mangled import JSON, LINES, dumped, event

SOAK = os.environ.get("SOAK") == "1"
SEED = random.SystemRandom().randrange(1 << 32) if SOAK else 20
TIMES = 20_000 if SOAK else 200
REFUSED = {400, 413, 415, 422}


@pytest.fixture
def post(world: make.World):
    metered.metric(world, "tokens", metered.LLM)
    token = make.token(world.eli, world.live, "events:write")
    client = Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)

    def send(body: bytes, kind: str, **headers: str):
        return client.post("/api/v1/events", body, content_type=kind, headers=headers)

    return send


@pytest.mark.django_db
def test_broken_bytes_are_refused_by_name_or_answered_item_by_item(post):
    chance = random.Random(SEED)
    seen: set[int] = set()
    for number in range(TIMES):
        body, kind = mangled.request(chance, number * 10)
        if chance.random() < 0.1:
            kind = chance.choice(mangled.KINDS)
        raw, headers = mangled.mangled(body, chance), {}
        if chance.random() < 0.2:
            raw, headers = mangled.packed(raw, chance), {"content-encoding": "gzip"}
        answer = post(raw, kind, **headers)
        seen.add(answer.status_code)
        assert answer.status_code in {200, *REFUSED}, (SEED, number, kind, headers, raw)
        content = json.loads(answer.content)
        if answer.status_code != 200:
            assert content["errors"][0]["field"], (SEED, number, raw)
        elif not headers:
            assert _one_each(content, raw, kind), (SEED, number, kind, raw, content)
    assert {200, 400, 422} <= seen


def _one_each(content: dict, raw: bytes, kind: str) -> bool:
    """As many items as events, and their counts are those of the items."""
    items = content["items"]
    told = {name: content[name] for name in ("accepted", "duplicates", "conflicts", "quarantined", "rejected")}
    words = {"duplicates": "duplicate", "conflicts": "conflict"}
    if told != {name: sum(each["status"] == words.get(name, name) for each in items) for name in told}:
        return False
    if kind == LINES:
        return len(items) == sum(bool(line.strip()) for line in raw.split(b"\n"))
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return bool(items)  # a part of it could be read, and Python is not as lenient
    return len(items) == (len(value) if isinstance(value, list) else 1)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [LINES, JSON])
def test_no_neighbour_of_a_broken_event_is_lost(post, kind):
    chance, numbers = random.Random(SEED), itertools.count()
    for _ in range(TIMES // 4):
        good = [event(f"{kind}-{next(numbers)}") for _ in range(4)]
        bad = [_broken(chance, kind) for _ in range(3)]
        parts = [part for pair in itertools.zip_longest(map(dumped, good), bad) for part in pair if part is not None]
        body = b"\n".join(parts) if kind == LINES else b"[" + b",".join(parts) + b"]"
        answer = post(body, kind)
        if kind == JSON and answer.status_code == 400:  # no way to tell where such an item ends
            assert not Event.objects.filter(event_id=good[0]["id"]).exists()
            continue
        items = json.loads(answer.content)["items"]
        assert len(items) == len(parts), (SEED, body)
        assert [each["status"] for each in items[::2]] == ["accepted"] * 4, (SEED, body, items)
        assert Event.objects.filter(event_id__in=[each["id"] for each in good]).count() == 4


@pytest.mark.django_db
def test_an_exponent_that_no_decimal_holds_is_refused_by_name(post):
    body = b'{"id":"x","type":"llm.request","subject":"acme","data":{"n":1e99999999999999999999}}'
    assert post(body, LINES).status_code == 422


def _broken(chance: random.Random, kind: str) -> bytes:
    """Break one event so that it is still one line, or one item of an array as far as brackets tell."""
    while True:
        raw = mangled.mangled(dumped(event("bad")), chance)
        if b"\n" not in raw and raw.strip() and (kind == LINES or _is_one_item(raw)):
            return raw


def _is_one_item(raw: bytes) -> bool:
    """Python can read it as one value, though it need not be a good event or exact JSON."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True
