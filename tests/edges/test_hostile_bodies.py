"""Bodies that are meant to hurt, against the real web server: it refuses them in bounded memory and time, and goes on.

Each body is sent several times at once; the bound on memory holds for the whole server, the time for each answer.
"""

import gzip
import itertools
import os
import socket
import string
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from metering.models import Event
from tests import make, metered
from tests.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
SOAK = os.environ.get("SOAK") == "1"
MORE_MB, SECONDS, AT_ONCE = 400, 120, 2
MEGA = 1_000_000
MANY = MEGA if SOAK else MEGA // 5  # of what is slow, though bounded
Head = Callable[..., bytes]
GOOD = b'{"id":"good","type":"llm.request","subject":"acme","data":{"model":"m","input_tokens":100}}'
EVENT = b'{"id":"x","type":"llm.request","subject":"acme","data":%s}'


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    served = Web(tmp_path_factory.mktemp("web"))
    served.start()
    yield served
    served.stop()


@pytest.fixture
def head(world: make.World) -> Head:
    metered.metric(world, "tokens", metered.LLM)
    token = make.token(world.eli, world.live, "events:write")

    def write(length: int | str, *more: str, kind: str = "application/json", chunked: bool = False) -> bytes:
        how = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
        lines = ["POST /api/v1/events HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
        lines += [f"Content-Type: {kind}", how, "Connection: close", *more, "", ""]
        return "\r\n".join(lines).encode()

    return write


def keys(count: int) -> bytes:
    letters = string.ascii_letters.encode()
    names = itertools.islice(itertools.product(letters, repeat=4), count)
    return b"{" + b",".join(b'"%s":1' % bytes(name) for name in names) + b"}"


def bomb(text: bytes, times: int) -> bytes:
    """Compress a text that is repeated, without ever holding it."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(text * 1000) for _ in range(times // 1000)) + packer.flush()


BODIES: dict[str, tuple[Callable[[], bytes], str, set[int]]] = {
    "arrays a hundred thousand deep": (lambda: b"[" * 100_000 + b"]" * 100_000, "", {400}),
    "objects a hundred thousand deep": (lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "", {422}),
    "data that is deep": (lambda: EVENT % (b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "", {400, 422}),
    "a thousand lines, each deep": (lambda: b"\n".join([b"[" * 9_000] * 1000), "lines", {413, 422}),
    "an object of many keys (a million in the soak)": (lambda: EVENT % keys(MANY), "", {200, 422}),
    "a million items": (lambda: b"[" + b"1," * (MEGA - 1) + b"1]", "", {413}),
    "a million objects": (lambda: b"[" + b"{}," * (MEGA - 1) + b"{}]", "", {413}),
    "a million lines": (lambda: b"1\n" * MEGA, "lines", {413}),
    "five million lines of nothing": (lambda: b"\n" * 5 * MEGA, "lines", {400}),
    "a text of nearly 10 MB": (lambda: EVENT % (b'{"model":"%s","input_tokens":1}' % (b"x" * 10 * MEGA)), "", {422}),
    "an id of nearly 10 MB": (lambda: b'{"id":"%s"}' % (b"x" * 10 * MEGA), "", {422}),
    "a number of a million digits": (lambda: EVENT % (b'{"model":"m","input_tokens":%s}' % (b"9" * MEGA)), "", {422}),
    "a fraction of a million digits": (
        lambda: EVENT % (b'{"model":"m","input_tokens":0.%s}' % (b"9" * MEGA)), "", {200, 422},
    ),
    "an exponent beyond all bounds": (lambda: EVENT % b'{"model":"m","input_tokens":1e999999999}', "", {422}),
    "many numbers with large exponents": (
        lambda: EVENT % (b'{"model":"m","input_tokens":1,"n":[%s]}' % b",".join([b"1e400"] * MANY)), "", {200, 422},
    ),
    "a gigabyte of spaces in gzip": (lambda: bomb(b" " * 1000, MEGA), "gzip", {413}),
    "gzip in many parts": (lambda: gzip.compress(b"") * (MANY // 10), "gzip", {400}),
    "a bomb of an array": (lambda: bomb(b"[" * 1000, 9_000), "gzip", {400}),
}  # fmt: skip


def test_hostile_bodies_cost_bounded_memory_and_time(web: Web, head: Head) -> None:
    is_well(web, head, "before")
    start = web.memory()
    for name, (made, how, expected) in BODIES.items():
        body = made()
        more = ["Content-Encoding: gzip"] if how == "gzip" else []
        request = head(len(body), *more, kind="application/x-ndjson" if how == "lines" else "application/json")
        assert statuses(web, [(request, [body])] * AT_ONCE) <= expected, name
        assert web.memory() - start < MORE_MB, name
    is_well(web, head, "after")


def test_a_length_that_lies_holds_nobody_up(web: Web, head: Head) -> None:
    is_well(web, head, "before")
    start, gigabyte, megabyte = web.memory(), 1 << 30, b" " * MEGA
    little = (head(gigabyte), [b"[" * 10])
    endless = (head(gigabyte), itertools.repeat(megabyte, 300))
    chunked = (head("", chunked=True), itertools.repeat(b"%x\r\n%s\r\n" % (MEGA, megabyte), 300))
    for name, lie in {"little": little, "endless": endless, "chunked": chunked}.items():
        assert statuses(web, [lie] * AT_ONCE) <= {413, 400, 0}, name
        assert web.memory() - start < MORE_MB, name
    for length in ("-1", "1e9", "9" * 30, "0x10", " ", "+5"):
        assert statuses(web, [(head(length), [GOOD])]) <= {400, 411, 413, 0}, length
    is_well(web, head, "after")


def test_senders_that_never_finish_leave_room_for_others(web: Web, head: Head) -> None:
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=SECONDS))
            line.sendall(head(5_000) + b"[")
        is_well(web, head, "meanwhile")


def test_many_headers_are_refused_or_ignored(web: Web, head: Head) -> None:
    is_well(web, head, "before")
    start = web.memory()
    for more in (["X-Long: " + "x" * 5 * MEGA], [f"X-{n}: {n}" for n in range(200_000)], ["ce-a: " + "x" * 300_000]):
        assert statuses(web, [(head(len(GOOD), *more), [GOOD])] * AT_ONCE) <= {200, 400, 413, 422, 431, 0}
    assert web.memory() - start < MORE_MB
    is_well(web, head, "after")


def statuses(web: Web, requests: list[tuple[bytes, Iterable[bytes]]]) -> set[int]:
    """Send requests at once and give the statuses; each within its time."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(requests)) as pool:
        found = set(pool.map(lambda each: web.ask(*each, seconds=SECONDS)[0], requests))
    assert time.monotonic() - began < SECONDS
    return found


def is_well(web: Web, head: Head, name: str) -> None:
    """A good event is taken and stored."""
    body = GOOD.replace(b"good", name.encode())
    status, answer = web.ask(head(len(body)), [body])
    assert status == 200 and b'"accepted":1' in answer, answer
    assert Event.objects.filter(event_id=name).exists()
