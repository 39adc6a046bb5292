"""Events sent with `Prefer: respond-async`: kept when answered, folded later, asked for by their receipt."""

import gzip
import json
import threading
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from metering.actions import inbox
from metering.api import door
from metering.api.receipts import items_of
from metering.models import Event, Inbox, Quarantined
from tests import make, metered
from tests.metered import request

OTHER = request(1) | {"data": {"model": "other", "input_tokens": 5}}
BODY = [request(1), request(1), request(2, subject="nobody"), {"id": "odd"}]


@pytest.fixture(autouse=True)
def fresh() -> None:
    door._last_backlog[1] = -1_000.0


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def client(world: make.World) -> Client:
    token = make.token(world.eli, world.live, "events:write")
    return Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)


def send(client: Client, body: Any, kind: str = "application/json", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/v1/events", raw, content_type=kind, headers={"prefer": "respond-async", **headers})


def folded() -> int:
    """Fold all that waits; gives how many bodies."""
    return sum(iter(lambda: inbox.fold_some(read=items_of, at=timezone.now()), 0))


def test_it_is_kept_when_answered_and_counted_when_folded(tokens, client):
    answer = send(client, BODY)
    assert answer.status_code == 202 and answer["Preference-Applied"] == "respond-async"
    assert not Event.objects.exists()
    waiting = client.get(answer["Location"]).json()
    assert waiting["status"] == "waiting" and waiting["receipt"] == answer.json()["receipt"]
    assert folded() == 1 and folded() == 0
    done = client.get(answer["Location"]).json()
    counts = {name: done[name] for name in ("accepted", "duplicates", "conflicts", "quarantined", "rejected")}
    assert counts == {"accepted": 1, "duplicates": 1, "conflicts": 0, "quarantined": 1, "rejected": 1}
    assert [(item["place"], item["status"]) for item in done["items"]] == [
        (1, "duplicate"), (2, "quarantined"), (3, "rejected"),
    ]  # fmt: skip
    assert done["items"][1]["reason"] == "UNKNOWN_ACCOUNT" and done["items"][1]["field"] == "subject"


def test_several_bodies_are_folded_in_order_and_each_has_its_own_receipt(tokens, client):
    first, second = send(client, [request(1)]), send(client, [OTHER, request(2)])
    zipped = send(client, gzip.compress(json.dumps(request(3)).encode() + b"\n{"), "application/x-ndjson",
                  **{"content-encoding": "gzip"})  # fmt: skip
    assert folded() == 3
    told = [client.get(each["Location"]).json() for each in (first, second, zipped)]
    assert [(each["accepted"], each["conflicts"], each["rejected"]) for each in told] == [
        (1, 0, 0),
        (1, 1, 0),
        (1, 0, 1),
    ]
    assert Event.objects.count() == 3 and Quarantined.objects.get().reason == "CONFLICT"


def test_an_event_without_a_time_has_that_of_its_arrival(tokens, client):
    event = {key: value for key, value in request(1).items() if key != "time"}
    before = timezone.now()
    answer = send(client, event)
    after = timezone.now()
    folded()
    assert before <= Event.objects.get().time <= after and answer.status_code == 202


def test_a_body_that_cannot_be_read_fails_by_name_and_holds_up_nobody(tokens, client):
    bad, good = send(client, b"nonsense"), send(client, [request(1)])
    assert folded() == 2
    told = client.get(bad["Location"]).json()
    assert told["status"] == "failed" and told["items"][0]["field"] == "body"
    assert "not JSON" in told["items"][0]["detail"]
    assert client.get(good["Location"]).json()["accepted"] == 1


def test_a_fault_of_ours_in_one_body_holds_up_no_other(tokens, client):
    send(client, [request(1)]), send(client, [request(2)]), send(client, [request(3)])
    second = Inbox.objects.order_by("number")[1].pk

    def read(row: Inbox) -> list[Any]:
        if row.pk == second:
            raise RuntimeError("a fault of ours")
        return items_of(row)

    done = sum(iter(lambda: inbox.fold_some(read=read, at=timezone.now()), 0))
    assert done == 3
    assert Counter(Inbox.objects.values_list("status", flat=True)) == {"FOLDED": 2, "FAILED": 1}
    assert bytes(Inbox.objects.get(pk=second).body), "it is kept"
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "kind", "headers", "status"),
    [
        (b" ", "application/json", {}, 400),
        (b"x" * (10 * 1024 * 1024 + 1), "application/json", {}, 413),
        (b"{}", "text/plain", {}, 415),
        (b"{}", "application/json", {"content-encoding": "br"}, 415),
    ],
)
def test_what_can_be_told_at_once_is_refused_at_once(tokens, client, body, kind, headers, status):
    assert send(client, body, kind, **headers).status_code == status
    assert not Inbox.objects.exists()


def test_a_repeat_with_its_key_is_kept_once(tokens, client):
    first = send(client, BODY, **{"idempotency-key": "one"})
    again = send(client, BODY, **{"idempotency-key": "one"})
    assert (first.content, again.status_code) == (again.content, 202)
    assert Inbox.objects.count() == 1


def test_too_much_waiting_is_refused_with_a_time_to_wait(tokens, client, settings):
    settings.INBOX_MOST_BYTES = 100
    assert send(client, BODY).status_code == 202
    door._last_backlog[1] = -1_000.0
    refused = send(client, BODY)
    assert refused.status_code == 429 and refused["Retry-After"] == "5"
    assert Inbox.objects.count() == 1
    answer = client.post("/api/v1/events", json.dumps(request(9)), content_type="application/json")
    assert answer.status_code == 200, "who waits for the answer is still served"
    folded()
    door._last_backlog[1] = -1_000.0
    assert send(client, BODY).status_code == 202


def test_receipts_belong_to_their_environment(world, tokens, client):
    answer = send(client, BODY)
    other = Client(headers={"authorization": f"Bearer {make.token(world.eli, world.sandbox, 'events:write')}"})
    reader = Client(headers={"authorization": f"Bearer {make.token(world.eli, world.live, 'usage:read')}"})
    assert other.get(answer["Location"]).status_code == 404
    assert reader.get(answer["Location"]).status_code == 403
    assert client.get(f"/api/v1/events/receipts/{uuid4()}").status_code == 404
    assert client.post(answer["Location"]).status_code == 405


def test_bodies_are_emptied_and_receipts_go_in_the_end(tokens, client):
    send(client, BODY), send(client, b"nonsense"), send(client, BODY)
    inbox.fold_some(read=lambda row: items_of(row), at=timezone.now())
    now = timezone.now()
    assert inbox.forget(at=now) == 0
    assert inbox.forget(at=now + inbox.BODIES_KEPT * 1.1) == 2
    assert [bool(bytes(body)) for body in Inbox.objects.order_by("number").values_list("body", flat=True)] == [
        False, True, False,
    ]  # fmt: skip
    assert inbox.forget(at=now + inbox.RECEIPTS_KEPT * 1.1) == 2
    assert Inbox.objects.get().status == "FAILED"


@pytest.mark.django_db(transaction=True)
def test_a_folder_leaves_to_others_what_it_does_not_take(world, tokens, client, monkeypatch):
    monkeypatch.setattr(inbox, "AT_ONCE_BYTES", 2 * len(json.dumps([request(0)])))
    for n in range(4):
        assert send(client, [request(n)]).status_code == 202
    taken: list[int] = []

    def other() -> None:
        with transaction.atomic():
            taken.extend(row.number for row in inbox._claimed(40))
        connections.close_all()

    with transaction.atomic():
        mine = [row.number for row in inbox._claimed(40)]
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert mine == sorted(mine) and taken == sorted(taken) and len(mine) == len(taken) == 2
    assert mine + taken == sorted(Inbox.objects.values_list("number", flat=True))


@pytest.mark.django_db(transaction=True)
def test_several_folders_take_each_body_once(world, tokens, client):
    for n in range(30):
        send(client, [request(n * 10 + k) for k in range(10)])

    def run() -> None:
        try:
            while inbox.fold_some(read=items_of, at=timezone.now()):
                pass
        finally:
            connections.close_all()

    folders = [threading.Thread(target=run) for _ in range(4)]
    [each.start() for each in folders]
    [each.join() for each in folders]
    assert Counter(Inbox.objects.values_list("status", "accepted")) == {("FOLDED", 10): 30}
    assert Event.objects.count() == 300
    assert metered.sums() == metered.expected_tokens([request(n) for n in range(300)])
