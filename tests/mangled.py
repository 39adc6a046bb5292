"""Valid requests for the door, and ways to break them: the byte-level fuzzer's two halves."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from typing import Any

JSON, LINES = "application/json", "application/x-ndjson"
CLOUD_ONE, CLOUD_BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
KINDS = (JSON, LINES, CLOUD_ONE, CLOUD_BATCH)
Chance = random.Random


def event(number: int | str, **more: Any) -> dict[str, Any]:
    """Write a valid event."""
    data = {"model": "m", "input_tokens": 100, "note": "über ☃ 𝄞", "rest": [1, 2.5, None, {"a": True}]}
    return {"id": f"g{number}", "type": "llm.request", "subject": "acme", "time": "2026-03-05T10:15:00Z"} | more | {
        "data": data
    }  # fmt: skip


def request(chance: Chance, first: int) -> tuple[bytes, str]:
    """Write a valid request of a few events. Returns its body and media type."""
    kind, count = chance.choice(KINDS), chance.randrange(1, 6)
    more = {"specversion": "1.0", "source": "fuzz"} if kind in (CLOUD_ONE, CLOUD_BATCH) else {}
    made = [event(first + n, **more) for n in range(count)]
    if kind == LINES:
        return b"\n".join(dumped(each) for each in made), kind
    return dumped(made[0] if kind == CLOUD_ONE else made), kind


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def mangled(body: bytes, chance: Chance) -> bytes:
    """Break a body in one to four ways."""
    for _ in range(chance.randrange(1, 5)):
        body = chance.choice(WAYS)(body, chance)
    return body


# Bytes that mean something to a parser, put anywhere.
TOKENS = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\n", b"\r", b"\r\n", b"\\u0000",
    b"\\ud800", b"\\u", b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"NaN", b"-",
    b"1e999999999", b"-0", b"0." + b"9" * 400, b"9" * 5000, b"1e-400", b'"id":"twin",', b'"data":{},', b'"time":null,',
    b'"\\u0069d":1,',
    b"[" * 2000, b'{"a":' * 200, b'"__proto__":{},', b"/**/", b"\xe2\x80\xa8", b"'", b"\x1f\x8b\x08",
)  # fmt: skip


def _cut(body: bytes, chance: Chance) -> bytes:
    return body[: _place(body, chance)]


def _flipped(body: bytes, chance: Chance) -> bytes:
    at = _place(body, chance)
    return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


def _inserted(body: bytes, chance: Chance) -> bytes:
    at = _place(body, chance)
    return body[:at] + chance.choice(TOKENS) + body[at:]


def _removed(body: bytes, chance: Chance) -> bytes:
    start = _place(body, chance)
    return body[:start] + body[start + chance.randrange(1, 20) :]


def _spliced(body: bytes, chance: Chance) -> bytes:
    return body[: _place(body, chance)] + body[_place(body, chance) :]


def _repeated(body: bytes, chance: Chance) -> bytes:
    start = _place(body, chance)
    return body[: start + 40] + body[start:]


def _mixed(body: bytes, chance: Chance) -> bytes:
    return chance.choice((b"\n", b",", b"")).join((body, chance.choice((b"[]", b"{}", b"7", b"{", body))))


def _replaced(body: bytes, chance: Chance) -> bytes:
    """Put something else where a value stood."""
    values = (b"100", b'"llm.request"', b'"acme"', b'"m"', b'"2026-03-05T10:15:00Z"', b"null", b"2.5")
    return body.replace(chance.choice(values), chance.choice((*TOKENS, b"[]", b"{}", b"1e308", b"-1", b'""')), 1)


def _place(body: bytes, chance: Chance) -> int:
    return chance.randrange(len(body) + 1)


WAYS: tuple[Callable[[bytes, Chance], bytes], ...] = (
    _cut, _flipped, _inserted, _inserted, _removed, _spliced, _repeated, _mixed, _replaced, _replaced,
)  # fmt: skip


def packed(body: bytes, chance: Chance) -> bytes:
    """Compress a body, and break it in half of the cases."""
    whole = gzip.compress(body)
    return whole if chance.random() < 0.5 else mangled(whole, chance)
