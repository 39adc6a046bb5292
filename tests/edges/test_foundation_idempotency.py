"""Idempotency-Key: one effect whatever is repeated, at once, after a crash; the first answer byte for byte."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from monetization.foundation.actions import customers
from monetization.foundation.models import AuditEntry, Customer, IdempotentAnswer
from monetization.foundation.rest import idempotency
from tests.edges.test_foundation_api import is_problem
from tests.make import Api, World, signed_in, token

BODY = {"key": "initech", "name": "Initech"}


@pytest.fixture
def api(world: World) -> Api:
    return Api(token(world.rosa, world.live))


def test_a_repeat_gets_the_first_answer_byte_for_byte(api: Api) -> None:
    first = api.post("/customers", BODY, key="k-1")
    assert first.status_code == 201 and "Idempotent-Replayed" not in first
    entries = AuditEntry.objects.count()
    for _ in range(3):
        again = api.post("/customers", BODY, key="k-1")
        assert (again.status_code, again.content, again["Content-Type"]) == (201, first.content, "application/json")
        assert again["Idempotent-Replayed"] == "true"
    assert (Customer.objects.filter(key="initech").count(), AuditEntry.objects.count()) == (1, entries)


def test_without_a_key_it_is_a_new_call(api: Api) -> None:
    assert api.post("/customers", BODY).status_code == 201
    is_problem(api.post("/customers", BODY), 422)


def test_a_key_is_for_one_request(api: Api) -> None:
    api.post("/customers", BODY, key="k-1")
    is_problem(api.post("/customers", BODY | {"name": "Other"}, key="k-1"), 422, "Idempotency-Key")
    is_problem(api.post("/accounts", BODY, key="k-1"), 422, "Idempotency-Key")
    assert Customer.objects.get(key="initech").name == "Initech"


def test_a_key_is_of_whoever_sent_it(world: World, api: Api) -> None:
    api.post("/customers", BODY, key="k-1")
    other = Api(token(world.rosa, world.live, name="other"))
    assert other.post("/customers", BODY | {"key": "hooli"}, key="k-1").status_code == 201
    sandbox = Api(token(world.rosa, world.sandbox))
    assert sandbox.post("/customers", BODY, key="k-1").status_code == 201
    session = signed_in(world.rosa)
    answer = session.post(
        "/api/v1/customers", BODY | {"key": "pied"}, "application/json", headers={"idempotency-key": "k-1"}
    )
    assert answer.status_code == 201
    assert IdempotentAnswer.objects.count() == 4


def test_what_was_refused_may_be_tried_again(api: Api) -> None:
    is_problem(api.post("/customers", {"key": "initech"}, key="k-1"), 422, "name")
    assert not IdempotentAnswer.objects.exists()
    assert api.post("/customers", BODY, key="k-1").status_code == 201


@pytest.mark.parametrize("key", ["x" * 201, "a\tb", "schlüssel"])
def test_a_key_is_short_plain_text(api: Api, key: str) -> None:
    is_problem(api.post("/customers", BODY, key=key), 400, "Idempotency-Key")
    assert not Customer.objects.filter(key="initech").exists()


def test_answers_are_kept_for_two_days(api: Api) -> None:
    api.post("/customers", BODY, key="k-1")
    now = timezone.now()
    assert idempotency.forget(at=now + timedelta(hours=47)) == 0
    assert idempotency.forget(at=now + timedelta(hours=49)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_crash_between_effect_and_answer_undoes_both(api: Api, monkeypatch) -> None:
    def crash(*args: Any) -> None:
        assert Customer.objects.filter(key="initech").exists()
        raise SystemExit("killed")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_remember", crash)
        with pytest.raises(SystemExit):
            api.post("/customers", BODY, key="k-1")
    connection.close()
    assert not Customer.objects.filter(key="initech").exists()
    assert api.post("/customers", BODY, key="k-1").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_many_at_once_have_one_effect(world: World) -> None:
    text = token(world.rosa, world.live)
    answers: list[Any] = []
    barrier = threading.Barrier(20)

    def call() -> None:
        try:
            barrier.wait()
            answers.append(Api(text).post("/customers", BODY, key="k-1"))
        finally:
            connection.close()

    for _ in range(3):
        threads = [threading.Thread(target=call) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = Counter(answer.status_code for answer in answers)
    assert len(answers) == 60 and set(statuses) <= {201, 409}, statuses
    assert statuses[201] >= 40  # the last two rounds come after the first answer
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert sum("Idempotent-Replayed" not in a for a in answers if a.status_code == 201) == 1
    assert Customer.objects.filter(key="initech").count() == 1


def test_the_action_itself_is_what_runs_once(world: World, api: Api, monkeypatch) -> None:
    calls = []
    real = customers.create_customer

    def counted(**given: Any) -> Customer:
        calls.append(given["key"])
        return real(**given)

    monkeypatch.setattr("monetization.foundation.api.customers.customers.create_customer", counted)
    for _ in range(3):
        api.post("/customers", BODY, key="k-1")
    assert calls == ["initech"]
