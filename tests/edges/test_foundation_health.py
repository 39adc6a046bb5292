"""What machines ask, and how sign-in holds against guessing."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from monetization.foundation import health, tries
from monetization.foundation.actions import audit, outbox
from tests.make import PASSWORD, World, token


def test_healthz_asks_nothing_else(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405


def test_readyz_names_every_check(world: World, client: Client) -> None:
    audit.chain(at=timezone.now())
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["checks"] == {
        "database": "ok", "migrations": "ok", "broker": "ok", "cache": "ok", "outbox": "ok", "audit_chain": "ok",
    }  # fmt: skip


def test_readyz_tells_of_delayed_work_and_still_takes_requests(world: World, client: Client) -> None:
    late = timezone.now() - timedelta(minutes=6)
    outbox.publish(environment=world.live, topic="a.b", subject="x:1", payload={}, at=late)
    audit.record(environment=None, action="a.b", subject="x:1", by=None, at=late)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["outbox"].startswith("oldest message waits 36")
    assert answer.json()["checks"]["audit_chain"] == "entries wait for the audit chain"


def test_readyz_refuses_without_what_requests_need(db: None, client: Client, monkeypatch) -> None:
    def away(now: object) -> str:
        raise ConnectionError("host=secret-host password=secret")

    monkeypatch.setattr(health, "NEEDED", {"database": away})
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["checks"]["database"] == "failed (ConnectionError)"
    assert b"secret" not in answer.content


def test_metrics_are_for_this_machine_or_a_key(world: World) -> None:
    here = Client().get("/metrics")
    assert here.status_code == 200
    assert b"meterstone_outbox_messages_waiting 0.0" in here.content
    outside = Client(REMOTE_ADDR="203.0.113.7")
    assert outside.get("/metrics").status_code == 401
    assert Client(headers={"x-forwarded-for": "203.0.113.7"}).get("/metrics").status_code == 401
    wrong, right = token(world.eli, world.live, "events:write"), token(world.eli, world.live, "metrics:read", name="m")
    assert outside.get("/metrics", headers={"authorization": f"Bearer {wrong}"}).status_code == 403
    assert outside.get("/metrics", headers={"authorization": f"Bearer {right}"}).status_code == 200


def tried(email: str, password: str = "wrong", address: str = "203.0.113.7") -> object:
    return authenticate(RequestFactory().post("/sign-in/", REMOTE_ADDR=address), username=email, password=password)


@pytest.fixture
def quiet_cache() -> None:
    """Start without tries of other tests."""
    cache.clear()


@pytest.fixture(autouse=True)
def one_window(monkeypatch) -> None:
    """Keep every try in one window of time."""
    monkeypatch.setattr(tries.time, "time", lambda: 1_700_000_010.0)


def test_ten_wrong_passwords_shut_the_door_for_that_address(world: World, quiet_cache: None) -> None:
    for _ in range(tries.SIGN_IN_TRIES):
        assert tried("mia@example.com") is None
    assert tried("mia@example.com", PASSWORD) is None
    assert tried("MIA@example.com ", PASSWORD) is None
    assert tried("mia@example.com", PASSWORD, address="198.51.100.1") == world.mia
    assert tried("chen@example.com", PASSWORD) == world.chen


def test_the_door_opens_again(world: World, quiet_cache: None, monkeypatch) -> None:
    for _ in range(tries.SIGN_IN_TRIES):
        tried("mia@example.com")
    monkeypatch.setattr(tries.time, "time", lambda: 1_700_000_010.0 + tries.SIGN_IN_SECONDS)
    assert tried("mia@example.com", PASSWORD) == world.mia


def test_right_passwords_are_no_tries(world: World, quiet_cache: None) -> None:
    for _ in range(3 * tries.SIGN_IN_TRIES):
        assert tried("mia@example.com", PASSWORD) == world.mia


def test_the_address_is_the_proxys_word_only_behind_a_proxy(settings) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"x-forwarded-for": "1.2.3.4, 5.6.7.8"})
    assert tries.address_of(request) == "10.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert tries.address_of(request) == "5.6.7.8"
