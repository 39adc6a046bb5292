"""The door for events over HTTP: what it takes, what it refuses and names, and that good neighbours count."""

import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from metering.models import Event, HourlyUsage, Quarantined
from monetization.foundation.actions import access
from tests import make, metered
from tests.metered import request

GOOD = {"id": "good", "type": "llm.request", "subject": "acme", "time": "2026-03-05T10:15:00Z"}
GOOD |= {"data": {"model": "gpt-4o", "input_tokens": 100, "output_tokens": 10}}
LINES, CLOUD, BATCH = "application/x-ndjson", "application/cloudevents+json", "application/cloudevents-batch+json"


@pytest.fixture
def tokens(world: make.World):
    return metered.metric(world, "tokens", metered.LLM)


@pytest.fixture
def key(world: make.World) -> str:
    return make.token(world.eli, world.live, "events:write", "usage:read")


@pytest.fixture
def post(key: str):
    client = Client(headers={"authorization": f"Bearer {key}"}, raise_request_exception=False)

    def send(body, kind="application/json", **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/api/v1/events", raw, content_type=kind, headers=headers)

    return send


def counts(answer) -> dict[str, int]:
    assert answer.status_code == 200, answer.content
    return {name: n for name, n in answer.json().items() if name != "items" and n}


def nothing_happened() -> bool:
    return not (Event.objects.exists() or Quarantined.objects.exists() or HourlyUsage.objects.exists())


# -- what it takes


def test_an_array_is_answered_item_by_item(tokens, post):
    answer = post([GOOD, GOOD, request(2, subject="nobody"), GOOD | {"data": {}}, 7])
    assert counts(answer) == {"accepted": 1, "duplicates": 1, "quarantined": 2, "rejected": 1}
    assert answer.json()["items"][:3] == [
        {"id": "good", "source": "api", "status": "accepted"},
        {"id": "good", "source": "api", "status": "duplicate"},
        {
            "id": "e2", "source": "api", "status": "quarantined", "reason": "UNKNOWN_ACCOUNT", "field": "subject",
            "detail": "No account is called “nobody” at 2026-03-05T10:15:00.000000Z",
        },
    ]  # fmt: skip
    assert answer.json()["items"][4]["status"] == "rejected"


def test_single_lines_and_every_form_of_cloud_events_are_one_thing(tokens, post):
    cloud = {
        "specversion": "1.0",
        "source": "api",
        **GOOD,
        "traceparent": "00-ab",
        "datacontenttype": "application/json",
    }
    lines = b"\n".join(json.dumps(each).encode() for each in (GOOD, request(2))) + b"\n\n"
    assert counts(post(GOOD)) == {"accepted": 1}
    assert counts(post(lines, LINES)) == {"duplicates": 1, "accepted": 1}
    assert counts(post(cloud, CLOUD)) == {"duplicates": 1}
    assert counts(post([cloud, cloud], BATCH)) == {"duplicates": 2}
    assert counts(post([cloud])) == {"duplicates": 1}
    binary = {f"ce-{name}": GOOD[name] for name in ("id", "type", "subject", "time")}
    answer = post(GOOD["data"], **binary, **{"ce-specversion": "1.0", "ce-source": "api"})
    assert counts(answer) == {"duplicates": 1}
    assert Event.objects.count() == 2


def test_gzip_and_its_limits(tokens, post):
    packed = gzip.compress(json.dumps([GOOD]).encode())
    assert counts(post(packed, **{"content-encoding": "gzip"})) == {"accepted": 1}
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    assert len(bomb) < 100_000
    assert post(bomb, **{"content-encoding": "gzip"}).status_code == 413
    assert post(b"not gzip", **{"content-encoding": "gzip"}).status_code == 400
    assert post(packed[:20], **{"content-encoding": "gzip"}).status_code == 400
    assert post(zlib.compress(b"[]"), **{"content-encoding": "deflate"}).status_code == 415


def test_numbers_keep_their_digits(tokens, post, key):
    body = (
        b'[{"id":"x","type":"llm.request","subject":"acme","time":"2026-03-05T10:00:00Z","data":{"model":"m",'
        b'"input_tokens":0.100000000000000001,"output_tokens":"12345678901234567890.5","rest":1e30}}]'
    )
    assert counts(post(body)) == {"accepted": 1}
    found = {row.dimensions.values["token_type"]: row.quantity for row in HourlyUsage.objects.all()}
    assert found == {"input": Decimal("0.100000000000000001"), "output": Decimal("12345678901234567890.5")}
    answer = make.Api(key).get("/events/api/x")
    assert b'"input_tokens":0.100000000000000001' in answer.content


def test_limits_are_ten_thousand_events_and_ten_megabytes(tokens, post):
    assert counts(post([GOOD] * 10_000)) == {"accepted": 1, "duplicates": 9_999}
    for body in ([GOOD] * 10_001, b" " * (10 * 1024 * 1024 + 1)):
        answer = post(body)
        assert (answer.status_code, answer["content-type"]) == (413, "application/problem+json")
    assert Event.objects.count() == 1


# -- what it refuses

ENVELOPES = [
    (b"[1]", "event"),
    (b'["text"]', "event"),
    (b"[null]", "event"),
    (b'[[{"id":"x"}]]', "event"),
    ({"id": None}, "id"),
    ({"id": 17}, "id"),
    ({"id": ""}, "id"),
    ({"id": "  "}, "id"),
    ({"id": "x" * 201}, "id"),
    ({"id": "a\nb"}, "id"),
    ({"id": "a\x00b"}, "id"),
    ({"id": True}, "id"),
    ({"source": 5}, "source"),
    ({"source": "s" * 201}, "source"),
    ({"type": None}, "type"),
    ({"type": ["llm.request"]}, "type"),
    ({"type": "t" * 121}, "type"),
    ({"subject": None}, "subject"),
    ({"subject": {"key": "acme"}}, "subject"),
    ({"account": "globex"}, "account"),
    ({"time": 1772705700}, "time"),
    ({"time": "yesterday"}, "time"),
    ({"time": "2026-03-05"}, "time"),
    ({"time": "2026-03-05T10:15:00"}, "time"),
    ({"time": "2026-02-30T10:15:00Z"}, "time"),
    ({"time": "2026-03-05T25:15:00Z"}, "time"),
    ({"time": "1999-12-31T23:59:59Z"}, "time"),
    ({"time": "9999-12-31T23:59:59-12:00"}, "time"),
    ({"time": "٢٠٢٦-03-05T10:15:00Z"}, "time"),
    ({"data": []}, "data"),
    ({"data": "text"}, "data"),
    ({"data": 5}, "data"),
    ({"data": {"note": "a\x00b"}}, "data.note"),
    ({"data": {"a\x00": 1}}, "data"),
    ({"data": {"deep": [{"x": "\x00"}]}}, "data.deep[0].x"),
    ({"tiem": "2026-03-05T10:15:00Z"}, "tiem"),
    ({"quantity": 5}, "quantity"),
    ({"specversion": "0.3"}, "specversion"),
    ({"specversion": "1.0"}, "source"),
    ({"specversion": "1.0", "source": "a", "data_base64": "AAAA"}, "data_base64"),
    ({"specversion": "1.0", "source": "a", "Bad-Name": "x"}, "Bad-Name"),
    ({"specversion": "1.0", "source": "a", "extension": {"a": 1}}, "extension"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":1e999}}', "data.n"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":-1e99999999}}', "data.n"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":1e-999}}', "data.n"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":' + b"9" * 2000 + b"}}", "data.n"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":' + b"9" * 6000 + b"}}", "event"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":NaN}}', "event"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":Infinity}}', "event"),
    (b'{"id":"x","type":"t","subject":"acme","data":{"n":01}}', "event"),
    (b'{"id":"\xff","type":"t","subject":"acme"}', "event"),
    (b'{"id":"\\ud800","type":"t","subject":"acme"}', "event"),
    (b'{"id":"x","type":"t","subject":"acme","data":' + b'{"a":' * 100 + b"1" + b"}" * 101, "data"),
]


@pytest.mark.parametrize(("bad", "field"), ENVELOPES)
def test_a_malformed_event_is_rejected_by_name_and_its_neighbours_count(tokens, post, bad, field):
    raw = bad if isinstance(bad, bytes) else json.dumps(
        {k: v for k, v in (GOOD | {"id": "bad"} | bad).items() if v is not None}
    ).encode()  # fmt: skip
    raw = raw.removeprefix(b"[").removesuffix(b"]") if raw.startswith(b"[") and not raw.startswith(b"[[") else raw
    alone = post(raw, LINES)
    assert alone.status_code == 422 and alone["content-type"] == "application/problem+json"
    assert [each["field"] for each in alone.json()["errors"]] == [f"events[0].{field}"]
    assert nothing_happened()
    good = json.dumps(GOOD).encode()
    for body, kind in ((good + b"\n" + raw + b"\n", LINES), (b"[" + good + b"," + raw + b"]", "application/json")):
        answer = post(body, kind)
        if kind != LINES and answer.status_code == 400:  # no way to tell where such an item ends
            assert answer.json()["errors"][0]["field"] == "body"
            continue
        item = answer.json()["items"][1]
        assert (item["status"], item["field"]) == ("rejected", field)
    assert list(Event.objects.values_list("event_id", flat=True)) == ["good"]
    assert sum(row.quantity for row in HourlyUsage.objects.all()) == 110


BODIES = [
    (b"   ", 400), (b"{", 400), (b"[{}", 400), (b"nonsense", 400), (b'"text"', 400), (b"5", 400),
    (b"null", 400), (b"true", 400), (b"\xef\xbb\xbf[]", 400), (b"\xff\xfe[]", 400), (b"[" * 100_000, 400),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400), (b"[1,]", 400), (b"[] []", 400), (b"-", 400),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_a_body_that_is_not_json_is_a_problem(tokens, post, body, status):
    answer = post(body)
    assert (answer.status_code, answer["content-type"]) == (status, "application/problem+json")
    assert answer.json()["errors"][0]["field"] == "body"
    assert nothing_happened()


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/json; charset=latin-1", ""],
)
def test_other_media_types_are_refused(tokens, post, kind):
    answer = post(b"[]", kind)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (415, "Content-Type")


def test_an_empty_batch_is_nothing(tokens, post):
    assert counts(post([])) == {}


# -- who may


def test_it_needs_a_living_key_with_the_scope_of_an_engineer(world, tokens):
    def status(headers) -> int:
        client = Client(headers=headers, raise_request_exception=False)
        return client.post("/api/v1/events", json.dumps([GOOD]), content_type="application/json").status_code

    def bearer(token: str) -> dict[str, str]:
        return {"authorization": f"Bearer {token}"}

    past = datetime(2026, 1, 2, tzinfo=UTC)
    reader = make.token(world.eli, world.live, "usage:read", name="reader")
    product = make.token(world.mia, world.live, "events:write", name="product")
    old = make.token(world.eli, world.live, "events:write", name="old", expires_at=past)
    gone_key, gone = access.issue_key(
        environment=world.live,
        owner=world.eli,
        name="gone",
        scopes=["events:write"],
        expires_at=None,
        by=None,
        at=make.AT,
    )
    access.revoke_key(key=gone_key, by=None, at=make.AT)
    refused = [{}, bearer("mk_live_00000000_x"), bearer(old), bearer(gone), {"authorization": "Basic YTpi"}]
    assert [status(headers) for headers in refused] == [401] * 5
    assert [status(bearer(token)) for token in (reader, product)] == [403] * 2
    signed_in = make.signed_in(world.eli).post("/api/v1/events", json.dumps([GOOD]), content_type="application/json")
    assert signed_in.status_code == 401
    assert nothing_happened()
    sandbox = make.token(world.eli, world.sandbox, "events:write", name="sandbox")
    assert status(bearer(sandbox)) == 200
    assert not Event.objects.filter(environment=world.live).exists()


def test_other_methods_are_refused(tokens, key):
    client = Client(headers={"authorization": f"Bearer {key}"})
    assert [getattr(client, verb)("/api/v1/events").status_code for verb in ("put", "patch", "delete")] == [405] * 3


def test_a_repeat_with_its_key_gets_the_first_answer(tokens, post):
    first = post([GOOD], **{"idempotency-key": "k1"})
    again = post([GOOD], **{"idempotency-key": "k1"})
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert post([request(2)], **{"idempotency-key": "k1"}).status_code == 422
    assert Event.objects.count() == 1
    assert post([7], **{"idempotency-key": "k2"}).status_code == 422
    assert counts(post([request(3)], **{"idempotency-key": "k2"})) == {"accepted": 1}


# -- what can be read


def test_usage_over_http(world, tokens, post, key):
    post([request(n, time=f"2026-03-0{1 + n}T22:30:00Z", data={"model": "o3" if n else "gpt-4o"}) for n in range(3)])
    api = make.Api(key)
    asked = {"account": "acme", "metric": "tokens", "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"}
    days = api.get("/usage", **asked, group_by="model").json()
    assert [(r["starts_at"], r["dimensions"], r["quantity"], r["events"]) for r in days["results"]] == [
        ("2026-03-01T00:00:00Z", {"model": "gpt-4o"}, "110", 2),
        ("2026-03-01T23:00:00Z", {"model": "o3"}, "110", 2),
        ("2026-03-02T23:00:00Z", {"model": "o3"}, "110", 2),
    ]
    assert days["time_zone"] == "Europe/Berlin"
    total = api.get("/usage", **asked, granularity="total").json()
    assert [(r["quantity"], r["events"]) for r in total["results"]] == [("330", 6)]
    short = asked | {"to": "2026-03-03T00:00:00Z"}
    hours = api.get("/usage", **short, granularity="hour", group_by="token_type", limit=3).json()
    assert (len(hours["results"]), hours["next"]) == (3, "3")
    assert len(api.get("/usage", **short, granularity="hour", group_by="token_type", cursor=3).json()["results"]) == 1
    for change, status in (
        ({"account": "nobody"}, 404),
        ({"metric": "x"}, 404),
        ({"from": "x"}, 422),
        ({"to": "2026-01-01T00:00:00Z"}, 422),
        ({"granularity": "year"}, 422),
        ({"group_by": "colour"}, 422),
        ({"cursor": "x"}, 422),
        ({"limit": "0"}, 422),
    ):
        assert api.get("/usage", **asked | change).status_code == status, change


def test_events_and_quarantine_over_http(world, tokens, post, key):
    post(
        [request(n, time=f"2026-03-05T10:{n:02}:00Z") for n in range(5)]
        + [request(9, subject="gw"), request(10, type="x")]
    )
    api = make.Api(key)
    page = api.get("/events", account="acme", limit=3).json()
    assert [e["id"] for e in page["results"]] == ["e4", "e3", "e2"]
    rest = api.get("/events", account="acme", limit=3, cursor=page["next"]).json()
    assert ([e["id"] for e in rest["results"]], rest["next"]) == (["e1", "e0"], None)
    one = api.get("/events/api/e3").json()
    assert (one["subject"], [c["quantity"] for c in one["counted"]]) == ("acme", ["100", "10"])
    assert api.get("/events/api/e77").status_code == 404
    listed = api.get("/quarantine", status="OPEN").json()["results"]
    assert [(q["event_id"], q["reason"]) for q in listed] == [("e9", "UNKNOWN_ACCOUNT"), ("e10", "UNKNOWN_TYPE")]
    assert api.get("/quarantine", reason="NO_SUCH").status_code == 422
    assert api.post("/quarantine/replay", {"reason": "UNKNOWN_TYPE"}).json()["quarantined"] == 1
    assert api.post("/quarantine/replay", {}).status_code == 422
    assert api.post("/quarantine/replay", {"ids": [10**9]}).status_code == 404
    assert api.post("/quarantine/dismiss", {"ids": [listed[1]["id"]], "reason": "a test"}).status_code == 204
    assert Quarantined.objects.get(pk=listed[1]["id"]).status == "DISMISSED"


def test_what_is_read_stays_in_its_environment_and_with_its_readers(world, tokens, post):
    post([GOOD, request(9, subject="gw")])
    sandbox = make.Api(make.token(world.eli, world.sandbox, name="sandbox"))
    assert sandbox.get("/events/api/good").status_code == 404
    assert sandbox.get("/events").json()["results"] == []
    assert sandbox.get("/quarantine").json()["results"] == []
    sales = make.Api(make.token(world.sal, world.live, name="sales"))
    assert sales.get("/events/api/good").status_code == 200  # acme was shown to them
    post([request(7, subject="globex")])
    assert sales.get("/events/api/e7").status_code == 404
    assert [e["id"] for e in sales.get("/events").json()["results"]] == ["good"]
    assert sales.get("/quarantine").status_code == 403
    nobody = make.Api(make.token(world.noel, world.live, name="nobody"))
    assert [nobody.get(path).status_code for path in ("/events", "/usage", "/quarantine")] == [403] * 3
    mia = make.Api(make.token(world.mia, world.live, name="mia"))
    ids = list(Quarantined.objects.values_list("pk", flat=True))
    assert mia.post("/quarantine/replay", {"ids": ids}).status_code == 403


def test_far_clock_is_quarantined(tokens, post):
    ahead = (datetime.now(UTC) + timedelta(minutes=7)).isoformat()
    assert post([GOOD | {"time": ahead}]).json()["items"][0]["reason"] == "TOO_FAR_AHEAD"
