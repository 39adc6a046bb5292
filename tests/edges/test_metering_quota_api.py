"""Quota and limits over HTTP: what they answer, what they refuse and name, and that a refusal changes nothing."""

import json
import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from metering.actions.limits import end_limit
from metering.actions.money import Word, write_counters
from metering.models import Breach, Counter, Hold, Limit
from metering.stores import patience
from monetization.foundation.models import AuditEntry
from monetization.values.periods import Period
from tests import make, quotas
from tests.database import connect
from tests.quotas import D, limit, stands

VERBS = ("check", "reserve", "settle", "release")
USE = {"account": "acme", "metric": "units", "amount": "4"}


@pytest.fixture
def units(world: make.World):
    return quotas.units(world)


@pytest.fixture
def post(world: make.World):
    client = Client(headers={"authorization": f"Bearer {make.token(world.eli, world.live, 'quota:use')}"})

    def send(verb, body, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(f"/api/v1/quota/{verb}", raw, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def api(world: make.World) -> make.Api:
    return make.Api(make.token(world.eli, world.live, "limits:write", "events:write", name="limits"))


def now_limit(world, most, **more):
    return limit(world, most, at=timezone.now(), **more)


# -- the verbs


def test_money_is_held_and_the_answer_says_as_of_when(world, units, post, api):
    body = {"name": "Spend", "kind": "SPEND", "currency": "EUR", "most": "10", "window": "BILLING_PERIOD"}
    made = api.post("/limits", body | {"account": "acme"}).json()
    assert (made["kind"], made["currency"], made["metric"], made["product"]) == ("SPEND", "EUR", None, None)
    now, window = timezone.now(), Period(timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1))
    words = [Word(Limit.objects.get(), window, D(7))]
    write_counters(account_id=world.acme.pk, words=words, mark=0, at=now)
    held = post("reserve", USE | {"key": "r1", "spend": "2.5", "currency": "EUR"}).json()
    assert (held["admitted"], held["left"], held["limits"][0]["held"]) == (True, "0.5", "2.5")
    assert datetime.fromisoformat(held["limits"][0]["as_of"]) == now
    assert (held["reservation"]["spend"], held["reservation"]["currency"]) == ("2.5", "EUR")
    assert not post("check", USE | {"spend": "0.51", "currency": "EUR"}).json()["admitted"]
    assert post("check", USE | {"spend": "0.5", "currency": "EUR"}).json()["admitted"]
    assert post("check", USE | {"spend": "9", "currency": "USD"}).json()["admitted"]  # another currency is no measure
    assert post("release", {"key": "r1"}).json()["status"] == "RELEASED"
    assert post("check", USE).json()["left"] == "3"


def test_from_check_to_settled(world, units, post, api):
    mine = now_limit(world, 10)
    checked = post("check", USE).json()
    assert (checked["admitted"], checked["left"], checked["nearest"]["name"]) == (True, "10", "Units a day")
    assert checked["nearest"]["ends_at"] > timezone.now().isoformat()
    assert not Hold.objects.exists()
    held = post("reserve", USE | {"key": "r1", "hold_seconds": 60}).json()
    assert (held["admitted"], held["left"], held["reservation"]["status"]) == (True, "6", "HELD")
    assert held["limits"][0]["held"] == "4"
    assert post("settle", {"key": "r1", "event": {"id": "e1"}}).json()["status"] == "HELD"
    sent = quotas.work(1, "3.5", at=timezone.now()) | {"id": "e1", "data": {"units": 3.5}}
    assert api.post("/events", sent).json()["accepted"] == 1
    settled = post("settle", {"key": "r1", "event": {"id": "e1", "source": "api"}}).json()
    assert (settled["status"], settled["event"]) == ("SETTLED", {"source": "api", "id": "e1"})
    assert stands(mine) == (D("3.5"), 0)


def test_a_refusal_to_admit_is_an_answer(world, units, post):
    now_limit(world, 10)
    answer = post("reserve", USE | {"amount": 11, "key": "r1"})
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("admitted", "degraded", "reason", "reservation", "left")} == {
        "admitted": False, "degraded": False, "reason": "limit_reached", "reservation": None, "left": "10",
    }  # fmt: skip
    for _ in range(2):
        post("reserve", USE | {"amount": 11, "key": "r1"})
    assert Breach.objects.filter(kind="REFUSED").count() == 1
    assert not Hold.objects.exists()


def test_the_idempotency_key_is_the_key_where_there_is_no_other(world, units, post):
    now_limit(world, 10)
    answers = [post("reserve", USE, **{"idempotency-key": "once"}).json() for _ in range(2)]
    assert answers[0]["reservation"] == answers[1]["reservation"]
    assert Hold.objects.get().key == "once"
    assert post("release", {"key": "once"}).json()["status"] == "RELEASED"
    assert post("reserve", USE | {"amount": 5}, **{"idempotency-key": "once"}).status_code == 409


WRONG = [
    ("reserve", {"account": "acme", "metric": "units", "key": "a"}, 422, "body"),
    ("reserve", USE, 422, "key"),
    ("reserve", USE | {"key": "a", "amount": 0}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "-1"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "1e30"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "1e-19"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "1e-999999"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "1e999999"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": "NaN"}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amount": True}, 422, "amount"),
    ("reserve", USE | {"key": "a", "amuont": 1}, 422, "body"),
    ("reserve", USE | {"key": "a\n"}, 422, "key"),
    ("reserve", USE | {"key": "a", "hold_seconds": 0}, 422, "hold_seconds"),
    ("reserve", USE | {"key": "a", "dimensions": {"model": 7}}, 422, "dimensions[...]"),
    ("reserve", USE | {"key": "a", "dimensions": {"model": "a\u0000"}}, 422, "dimensions.model"),
    ("reserve", USE | {"key": "a", "spend": "1"}, 422, "currency"),
    ("reserve", USE | {"key": "a", "spend": "1", "currency": "euro"}, 422, "currency"),
    ("reserve", USE | {"key": "a", "spend": "-1", "currency": "EUR"}, 422, "spend"),
    ("reserve", USE | {"key": "a", "currency": "EUR"}, 422, "spend"),
    ("reserve", USE | {"key": "a", "account": "nobody"}, 404, "account"),
    ("check", USE | {"metric": "nothing"}, 404, "metric"),
    ("settle", {"key": "nobody", "event": {"id": "e1"}}, 404, "key"),
    ("settle", {"key": "a"}, 422, "body"),
    ("release", {"key": ""}, 422, "key"),
    ("check", b"{", 400, "body"),
    ("check", b"[" * 30_000, 422, "body"),
    ("check", b"\xff", 400, "body"),
    ("check", b" " * 70_000, 413, "body"),
]


@pytest.mark.parametrize(("verb", "body", "status", "field"), WRONG)
def test_what_is_wrong_is_named_and_changes_nothing(world, units, post, verb, body, status, field):
    mine = now_limit(world, 10)
    answer = post(verb, body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["field"] == field and error["message"]
    assert stands(mine) == (0, 0) and not Hold.objects.exists()


def test_only_keys_that_may_and_only_by_post(world, units):
    mine = now_limit(world, 10)
    body = json.dumps(USE | {"key": "a"})
    tokens = {
        None: 401, "mk_live_nothing_x": 401,
        make.token(world.eli, world.live, "events:write", name="narrow"): 403,
        make.token(world.mia, world.live, "quota:use", name="mia's"): 403,
        make.token(world.eli, world.sandbox, "quota:use", name="sandbox"): 404,
    }  # fmt: skip
    for token, status in tokens.items():
        client = Client(headers={"authorization": f"Bearer {token}"} if token else {})
        for verb in ("check", "reserve"):
            answer = client.post(
                f"/api/v1/quota/{verb}", body if verb == "reserve" else json.dumps(USE), "application/json"
            )
            assert answer.status_code == status, (token, verb)
    signed_in = make.signed_in(world.eli).post("/api/v1/quota/reserve", body, "application/json")
    assert signed_in.status_code == 401
    key = Client(headers={"authorization": f"Bearer {make.token(world.eli, world.live, 'quota:use')}"})
    for verb in VERBS:
        assert key.get(f"/api/v1/quota/{verb}").status_code == 405
    assert key.post("/api/v1/quota/reserve", body, "text/plain").status_code == 415
    assert stands(mine) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_cannot_be_asked_answers_by_its_policy(transactional_db, monkeypatch):
    """Somebody holds the counter's lock for longer than a caller waits."""
    world = make.world()
    quotas.units(world)
    now_limit(world, 10, fails_open=True)
    now_limit(world, 10, account="globex", fails_open=False)
    client = Client(headers={"authorization": f"Bearer {make.token(world.eli, world.live, 'quota:use')}"})
    monkeypatch.setattr(patience, "LOCK_MS", 100)
    locked, done = threading.Event(), threading.Event()

    def holder() -> None:
        with transaction.atomic():
            list(Counter.objects.select_for_update())
            locked.set()
            done.wait(20)
        connections.close_all()

    thread = threading.Thread(target=holder)
    thread.start()
    locked.wait(10)
    found = {}
    for key in ("acme", "globex"):
        answer = client.post(
            "/api/v1/quota/reserve", json.dumps(USE | {"account": key, "key": key}), "application/json"
        )
        found[key] = (answer.status_code, *(answer.json()[name] for name in ("admitted", "degraded", "reason")))
    done.set()
    thread.join()
    assert found == {
        "acme": (200, True, True, "limit_unavailable"), "globex": (200, False, True, "limit_unavailable"),
    }  # fmt: skip
    assert not Hold.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",), "others are as patient as before"


@pytest.mark.django_db(transaction=True)
def test_when_nothing_can_be_read_the_caller_decides(transactional_db, monkeypatch):
    world = make.world()
    quotas.units(world)
    token = make.token(world.eli, world.live, "quota:use")
    monkeypatch.setattr(patience, "LOCK_MS", 100)
    locked, done = threading.Event(), threading.Event()

    def holder(owner) -> None:
        with owner.transaction():
            owner.execute("LOCK TABLE metering_limit IN ACCESS EXCLUSIVE MODE")
            locked.set()
            done.wait(20)

    owner = connect(str(connection.settings_dict["NAME"]))
    thread = threading.Thread(target=holder, args=[owner])
    thread.start()
    locked.wait(10)
    client = Client(headers={"authorization": f"Bearer {token}"})
    answer = client.post("/api/v1/quota/check", json.dumps(USE), "application/json")
    done.set()
    thread.join()
    owner.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["errors"][0]["code"] == "unavailable"


# -- limits


NEW = {"name": "Tokens", "account": "acme", "metric": "units", "most": "100", "window": "DAY", "thresholds": [100, 80]}


def test_a_limit_is_set_read_changed_and_ended(world, units, api):
    made = api.post("/limits", NEW)
    assert made.status_code == 201
    body = made.json()
    assert {name: body[name] for name in ("account", "metric", "most", "thresholds", "set_by", "ended_at")} == {
        "account": "acme", "metric": "units", "most": "100", "thresholds": [80, 100], "set_by": "CONTRACT",
        "ended_at": None,
    }  # fmt: skip
    one = f"/limits/{body['id']}"
    assert api.get(one).json() == body
    changed = api.patch(one, {"most": "50", "is_hard": False})
    assert (changed.status_code, changed.json()["most"], changed.json()["is_hard"]) == (200, "50", False)
    assert changed.json()["thresholds"] == [80, 100]
    assert [each["id"] for each in api.get("/limits").json()["results"]] == [body["id"]]
    assert api.get("/limits", account="globex").json()["results"] == []
    assert api.post(f"{one}/end").json()["ended_at"]
    assert api.patch(one, {"most": "60"}).status_code == 409
    actions = AuditEntry.objects.filter(action__startswith="limit.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["limit.set", "limit.changed", "limit.ended"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"metric": None}, 422, "metric"),
        ({"metric": "nothing"}, 404, "metric"),
        ({"account": "nobody"}, 404, "account"),
        ({"most": "-1"}, 422, "most"),
        ({"match": {"modle": "x"}}, 422, "match.modle"),
        ({"thresholds": [0]}, 422, "thresholds[0]"),
        ({"emails": ["nobody"]}, 422, "emails[0]"),
        ({"hold_seconds": 0}, 422, "hold_seconds"),
        ({"kind": "SPEND", "currency": "EUR"}, 422, "metric"),
        ({"kind": "SPEND", "metric": None}, 422, "currency"),
        ({"kind": "SPEND", "metric": None, "currency": "EUR", "window": "DAY"}, 422, "window"),
        ({"product": "nothing"}, 404, "product"),
        ({"currency": "EUR"}, 422, "currency"),
        ({"mots": 1}, 422, "mots"),
    ],
)
def test_a_wrong_limit_is_refused_by_field(world, units, api, change, status, field):
    answer = api.post("/limits", NEW | change)
    assert answer.status_code == status, answer.content
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert not Limit.objects.exists()


def test_limits_are_set_by_those_who_may_and_seen_by_those_who_see_the_account(world, units):
    mine, theirs = now_limit(world, 10), now_limit(world, 10, account="globex")
    for who, status in (("eli", 201), ("rosa", 201), ("chen", 201), ("mia", 403), ("finn", 403), ("pat", 403)):
        client = make.signed_in(world.people[who])
        assert client.post("/api/v1/limits", json.dumps(NEW), "application/json").status_code == status, who
    sal = make.signed_in(world.sal)
    assert [each["id"] for each in sal.get("/api/v1/limits").json()["results"]].count(theirs.pk) == 0
    assert sal.get(f"/api/v1/limits/{mine.pk}").status_code == 200
    assert sal.get(f"/api/v1/limits/{theirs.pk}").status_code == 404
    sandbox = make.Api(make.token(world.eli, world.sandbox, "limits:write", name="sandbox"))
    assert sandbox.get(f"/limits/{mine.pk}").status_code == 404
    assert sandbox.post(f"/limits/{mine.pk}/end").status_code == 404
    assert make.signed_in(world.uma).post(f"/api/v1/limits/{mine.pk}/end").status_code == 403
    assert make.Api(make.token(world.eli, world.live, "quota:use", name="narrow")).get("/limits").status_code == 403
    mine.refresh_from_db()
    assert mine.ended_at is None


def test_lists_come_in_pages_with_few_queries(world, units, api, django_assert_max_num_queries):
    for number in range(30):
        now_limit(world, 10, name=str(number))
    end_limit(limit=Limit.objects.latest("pk"), by=None, at=timezone.now() + timedelta(seconds=1))
    with django_assert_max_num_queries(8):
        page = api.get("/limits", limit=20).json()
    assert len(page["results"]) == 20 and page["next"]
