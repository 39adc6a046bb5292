"""The playground by API and page: the same rules as at the door, nothing kept, nobody else's accounts."""

import json
from typing import Any

import pytest
from django.urls import reverse

from catalog.actions import metrics
from catalog.models import Metric
from metering.actions.ingest import ingest
from metering.models import Event, Quarantined
from tests import make, metered
from tests.metered import NOW, request

MEANING = {
    "event_type": "llm.request", "aggregation": "MAX", "measures": [{"field": "input_tokens"}],
    "dimensions": [{"key": "model", "field": "model"}], "divisor": "1000", "rounding": "up",
}  # fmt: skip
FORM = {
    "event_type": "llm.request", "aggregation": "SUM", "unit": "tokens", "divisor": "1", "rounding": "", "digits": "0",
    "measures_field": ["input_tokens"], "measures_value": [""], "measures_less": [""],
}  # fmt: skip


@pytest.fixture
def tokens(world: make.World) -> Metric:
    metered.metric(world, "tokens", metered.LLM)
    ingest(environment=world.live, events=[request(1), request(2, subject="globex")], by=None, at=NOW)
    return Metric.objects.get(key="tokens")


def post(world: make.World, body: Any, who: str = "mia", *scopes: str) -> Any:
    token = make.token(getattr(world, who), world.live, *scopes, name=f"{who}{len(json.dumps(body))}{scopes}")
    client = make.Client(headers={"authorization": f"Bearer {token}"})
    return client.post("/api/v1/metrics/playground", json.dumps(body), content_type="application/json")


def test_events_are_tried_on_a_meaning_that_nobody_saved(world: make.World) -> None:
    events = [request(1), request(2, data={"input_tokens": 1201}), request(2), {"id": "3"}]
    answer = post(world, {"meaning": MEANING, "events": events})
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert said["meaning"].startswith("Takes the largest `input_tokens` of `llm.request` events, by model")
    assert [event["status"] for event in said["events"]] == ["COUNTED", "COUNTED", "CONFLICT", "REFUSED"]
    assert said["events"][0]["readings"] == [{"dimensions": {"model": "gpt-4o"}, "quantity": "100", "value": ""}]
    (total,) = said["totals"]
    assert [step["value"] for step in total["steps"]] == ["1201", "1.201", "2"]
    assert (total["account"], total["quantity"], total["starts_at"]) == ("acme", "2", "2026-02-28T23:00:00Z")
    assert Event.objects.count() == Quarantined.objects.count() == Metric.objects.count() == 0


def test_events_are_tried_on_a_version(world: make.World, tokens: Metric) -> None:
    body = {"metric": "tokens", "events": [request(9)], "first": "2026-03-05", "last": "2026-03-05"}
    assert [one["quantity"] for one in post(world, body).json()["totals"]] == ["0.0001", "0.00001", "0.00011"]
    assert post(world, body | {"version": 1}).json()["totals"][0]["ends_at"] == "2026-03-05T23:00:00Z"
    assert post(world, body | {"version": 2}).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"meaning": None}, "meaning"), ({"metric": "tokens"}, "meaning"), ({"events": 5}, "events"),
        ({"events": [{}] * 1001}, "events"), ({"first": "2026-03-01"}, "first"), ({"what": 1}, "what"),
        ({"meaning": MEANING | {"measures": []}}, "measures"), ({"meaning": MEANING | {"carry": True}}, "carry"),
    ],
)  # fmt: skip
def test_bad_input_names_its_field(world: make.World, change: dict[str, Any], field: str) -> None:
    answer = post(world, {"meaning": MEANING, "events": [request(1)]} | change)
    assert answer.status_code == 422
    assert field in [(error["field"] or "").split(".")[0] for error in answer.json()["errors"]]


def test_the_api_is_for_those_who_read_terms(world: make.World) -> None:
    body = {"meaning": MEANING, "events": []}
    assert post(world, body, "noel").status_code == 403
    assert post(world, body, "mia", "usage:read").status_code == 403
    assert make.signed_in(world.mia).get("/api/v1/metrics/playground").status_code in (401, 405)
    refused = pytest.raises(Exception, match="taken by an address")
    with refused:
        metrics.create(environment=world.live, key="playground", name="P", owner=world.mia, by=world.mia, at=make.AT)


def test_a_form_is_tried_as_it_stands_and_a_page_takes_an_accounts_events(world: make.World, tokens: Metric) -> None:
    client, address = make.signed_in(world.mia), reverse("console:playground")
    part = {"HX-Request": "true", "HX-Target": "played"}
    said = client.post(address, FORM | {"events": json.dumps([request(1), request(2)])}, headers=part).content.decode()
    assert "2 of 2 events count" in said and "<html" not in said and 'Sum: <b class="tnum">200</b>' in said
    wrong = client.post(address, FORM | {"measures_field": [""], "events": "{}"}, headers=part)
    assert wrong.status_code == 422
    assert "A sum needs a field to add up" in wrong.content.decode()
    version = tokens.versions.get().pk
    page = client.post(address, {"version": version, "account": "acme", "load": "1"}).content.decode()
    assert "1 of 1 events count" in page and "&quot;e1&quot;" in page
    assert client.get(address, {"version": version}).status_code == 200
    for missing in ("0", "x"):
        assert client.get(address, {"version": missing}).status_code == 404
    assert client.put(address).status_code == 405


def test_nobody_takes_or_names_accounts_of_others(world: make.World, tokens: Metric) -> None:
    client, address = make.signed_in(world.sal), reverse("console:playground")
    version = tokens.versions.get().pk
    answer = client.post(address, {"version": version, "account": "globex", "load": "1"})
    assert answer.status_code == 422
    assert "There is no such account" in answer.content.decode() and "Globex" not in answer.content.decode()
    tried = client.post(address, {"version": version, "events": json.dumps([request(1, subject="globex")])})
    assert "no account is called “globex”" in tried.content.decode()
    assert make.signed_in(world.noel).post(address, {}).status_code == 403
