"""The API of terms: works, wrong method, not mine, not allowed and nothing changed; bad input named at its field."""

from datetime import date
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions import rate_cards
from catalog.models import Contract, Metric, MetricVersion, PriceRow, Product, RateCard, RateCardVersion
from monetization.foundation.models import Environment, User
from monetization.foundation.rules.roles import Role
from tests import deals
from tests.make import Api, World, person, token

NUMBERS = count()
MEANING = {
    "event_type": "llm.request", "aggregation": "SUM", "unit": "1M tokens", "effective_at": "2026-01-01T00:00:00Z",
    "measures": [{"value": "input", "field": "input_tokens"}, {"value": "output", "field": "output_tokens"}],
    "measure_dimension": "token_type", "divisor": "1000000",
    "dimensions": [
        {"key": "model", "field": "model"},
        {"key": "context", "field": "input_tokens", "thresholds": ["200000"], "required": False},
    ],
    "filters": [{"field": "status", "op": "in", "values": ["ok"]}],
}  # fmt: skip
CONTENT = {
    "charges": [
        {
            "product": "inference", "metric": "llm-tokens",
            "prices": [
                {"currency": "EUR", "match": {"model": "gpt-4o"}, "unit_price": "2.50"},
                {
                    "currency": "EUR",
                    "tiers": [{"up_to": "10", "unit_price": 3, "flat_fee": "1.5"}, {"unit_price": "2"}],
                },
            ],
        }
    ]
}  # fmt: skip


def api(world: World, who: User | None = None, *scopes: str, environment: Environment | None = None) -> Api:
    return Api(token(who or world.mia, environment or world.live, *scopes, name=f"test-{next(NUMBERS)}"))


def put(call: Api, path: str, body: Any) -> Any:
    return call._send("put", path, body, None)


def refused(answer: Any) -> tuple[int, list[str | None]]:
    assert answer.headers["content-type"] == "application/problem+json", answer.content
    return answer.status_code, [error["field"] for error in answer.json()["errors"]]


def decide(call: Api, request: int, verdict: str = "APPROVE", reason: str = "") -> Any:
    seen = call.get(f"/change-requests/{request}").json()["content_digest"]
    return call.post(f"/change-requests/{request}/decide", {"verdict": verdict, "seen": seen, "reason": reason})


# -- works


def test_from_nothing_to_prices_in_force(world: World) -> None:
    mia, chen, rosa = api(world), api(world, world.chen), api(world, world.rosa)
    metric = {"key": "llm-tokens", "name": "Tokens", "owner": "mia@example.com", "unseen_reason": "Launch"}
    assert mia.post("/metrics", metric).status_code == 201
    made = mia.post("/metrics/llm-tokens/versions", MEANING)
    assert made.status_code == 201, made.content
    assert made.json() | MEANING | {
        "number": 1, "status": "DRAFT", "rounding": "", "digits": 0,
        "measures": [{**m, "less": []} for m in MEANING["measures"]],
        "dimensions": [
            {"key": "model", "field": "model", "thresholds": [], "required": True}, MEANING["dimensions"][1],
        ],
    } == made.json()  # fmt: skip
    asked = mia.post("/metrics/llm-tokens/versions/1/submit", {"reason": "Launch"}).json()
    assert decide(chen, asked["request"]).json()["status"] == "LIVE"

    product = {"key": "inference", "name": "Inference", "tags": ["ai"]}
    assert mia.post("/products", product).json()["tax_category"] == "standard"
    assert mia.post("/rate-cards", {"key": "list", "name": "List", "owner": "mia@example.com"}).status_code == 201
    assert (
        mia.post("/rate-cards/list/versions").json() | {"number": 1, "based_on": None, "prices": 0}
        == mia.get("/rate-cards/list/versions/1").json()
    )
    put(mia, "/rate-cards/list/versions/1/prices", CONTENT)
    dated = mia.patch("/rate-cards/list/versions/1", {"effective_date": "2026-01-01", "notes": "First"})
    assert (dated.json()["prices"], dated.json()["effective_date"], dated.json()["notes"]) == (2, "2026-01-01", "First")
    rows = mia.get("/rate-cards/list/versions/1/prices").json()["results"]
    assert [{key: value for key, value in row.items() if key != "id"} for row in rows] == [
        {"product": "inference", "metric": "llm-tokens", "currency": "EUR", "pricing_unit": None,
         "match": {"model": "gpt-4o"}, "model": "PER_UNIT", "unit_price": "2.5", "tiers": []},
        {"product": "inference", "metric": "llm-tokens", "currency": "EUR", "pricing_unit": None, "match": {},
         "model": "GRADUATED",
         "unit_price": None, "tiers": [{"up_to": "10", "unit_price": "3", "flat_fee": "1.5"},
                                       {"up_to": None, "unit_price": "2", "flat_fee": "0"}]},
    ]  # fmt: skip
    asked = mia.post("/rate-cards/list/versions/1/submit", {"reason": "Launch", "title": "Prices"}).json()
    assert decide(chen, asked["request"]).json()["status"] == "LIVE"
    assert mia.get("/rate-cards/list/versions/1").json()["status"] == "APPROVED"

    contract = {
        "key": "acme-26", "name": "Acme 2026", "account": "acme", "legal_entity": "gmbh", "rate_card": "list",
        "currency": "EUR", "start_date": "2026-01-01", "discount_percent": "7.5", "pinned_version": 1,
        "pinned_until": "2026-07-01",
    }  # fmt: skip
    made = rosa.post("/contracts", contract)
    assert made.status_code == 201, made.content
    assert made.json() | contract | {"status": "DRAFT", "cadence": "MONTHLY"} == made.json()
    changed = rosa.patch("/contracts/acme-26", {"net_days": 45, "pinned_version": None, "pinned_until": None})
    assert (changed.json()["net_days"], changed.json()["pinned_version"]) == (45, None)
    asked = rosa.post("/contracts/acme-26/submit", {"reason": "Signed"}).json()
    chen_only = decide(chen, asked["request"])
    assert refused(chen_only) == (403, [None])
    zoe = api(world, person("zoe", [Role.REVOPS]))
    assert decide(zoe, asked["request"]).json()["status"] == "LIVE"
    assert rosa.get("/contracts", status="APPROVED").json()["results"][0]["key"] == "acme-26"


MODELS = [
    {"model": "VOLUME", "tiers": [{"up_to": "10", "unit_price": "3", "flat_fee": "0", "block_size": "5"},
                                  {"up_to": None, "unit_price": "2", "flat_fee": "1"}], "retroactive": True},
    {"model": "PACKAGE", "package_size": "100", "package_price": "5", "rounding": "down"},
    {"model": "TIERED_FLAT", "tiers": [{"up_to": "10", "unit_price": "0", "flat_fee": "3"},
                                       {"up_to": None, "unit_price": "0", "flat_fee": "9"}]},
    {"model": "GRADUATED_PERCENTAGE", "tiers": [{"up_to": None, "flat_fee": "0", "percent": "2.5"}]},
    {"model": "DYNAMIC", "multiplier": "1.2"},
]  # fmt: skip


def test_every_model_is_read_as_it_was_written(world: World) -> None:
    deals.list_prices(world, ["EUR"])
    mia, path = api(world), "/rate-cards/list/versions/2"
    mia.post("/rate-cards/list/versions")
    one = f"{path}/prices/{mia.get(f'{path}/prices').json()['results'][0]['id']}"
    for said in MODELS:
        answer = put(mia, one, said)
        assert (answer.status_code, answer.json() | said) == (200, answer.json()), answer.content
    charge = {"free_units": "100", "tier_by": ["model"], "cut": "by_time", "round": "charge",
              "tier_reset": "contract_term"}  # fmt: skip
    assert put(mia, f"{path}/charges/inference", charge).json() == charge | {
        "product": "inference", "metric": "llm-tokens", "flat_at_zero": False, "highest_of": "",
        "pricing_unit": None,
    }  # fmt: skip
    assert mia.get(f"{path}/charges").json()["charges"][0] | charge == mia.get(f"{path}/charges").json()["charges"][0]
    for wrong, field in (({"tier_by": ["x"]}, "tier_by[0]"), ({"free_units": -1}, "free_units"), ({"cut": "x"}, "cut")):
        assert refused(put(mia, f"{path}/charges/inference", wrong)) == (422, [field])
    assert refused(put(mia, f"{path}/charges/inference", {"tier_reset": "yearly"})) == (422, ["tier_reset"])
    assert refused(put(mia, f"{path}/charges/nothing", {}))[0] == 404
    assert refused(put(mia, one, {"model": "PACKAGE", "package_size": 0, "package_price": 1})) == (
        422,
        ["package_size"],
    )
    assert refused(put(mia, one, {"model": "PERCENTAGE", "percent": 1})) == (422, ["model"])
    assert refused(mia.post(f"{path}/charges", {}))[0] == 405
    assert refused(put(api(world, world.noel), f"{path}/charges/inference", charge))[0] == 403
    whole = {"charges": [{"product": "inference", "metric": "llm-tokens", "highest_of": "top", "free_units": "7",
                          "prices": [{"currency": "EUR", "match": {}, **MODELS[1]}]}]}  # fmt: skip
    assert put(mia, f"{path}/prices", whole).json()["prices"] == 1
    kept = mia.get(f"{path}/charges").json()["charges"][0]
    assert (kept["free_units"], kept["highest_of"], kept["round"]) == ("7", "top", "line")


def test_single_rows_and_sending_back(world: World) -> None:
    version = deals.list_prices(world, ["EUR"])
    mia, chen = api(world), api(world, world.chen)
    path = "/rate-cards/list/versions/2"
    assert mia.post("/rate-cards/list/versions", {"based_on": 1}).json()["prices"] == 4
    row = mia.post(f"{path}/prices", {"product": "inference", "currency": "USD", "match": {}, "unit_price": "9"}).json()
    one = f"{path}/prices/{row['id']}"
    assert (
        put(mia, one, {"tiers": [{"up_to": "5", "unit_price": "9"}, {"unit_price": "8"}]}).json()["model"]
        == "GRADUATED"
    )
    assert mia.get(one).json()["tiers"][1] == {"up_to": None, "unit_price": "8", "flat_fee": "0"}
    assert mia.client.delete(f"/api/v1{one}").status_code == 204
    assert [r["match"]["model"] for r in mia.get(f"{path}/prices", currency="EUR", limit=2).json()["results"]] == [
        "gpt-4o"
    ] * 2
    mia.patch(path, {"effective_at": "2099-01-01T00:00:00Z"})
    asked = mia.post(f"{path}/submit", {"reason": "Same"}).json()["request"]
    assert refused(put(mia, one.replace(str(row["id"]), str(PriceRow.objects.first().pk)), {"unit_price": 1}))[0] == 404
    assert refused(put(mia, f"{path}/prices", CONTENT)) == (409, [None])
    back = chen.post(f"/change-requests/{asked}/send-back", {"reason": "Why?"})
    assert (back.json()["status"], mia.get(path).json()["status"]) == ("DRAFT", "DRAFT")
    mia.post(f"{path}/submit", {"reason": "Because"})
    assert mia.post(f"/change-requests/{asked}/withdraw", {"reason": "No"}).json()["status"] == "WITHDRAWN"
    assert mia.get(path).json()["status"] == "WITHDRAWN"
    mia.post("/rate-cards/list/versions")
    assert mia.post("/rate-cards/list/versions/3/discard").json()["status"] == "WITHDRAWN"
    assert refused(mia.post("/rate-cards/list/versions/3/discard")) == (409, [None])
    version.refresh_from_db()
    assert version.status == "APPROVED"


def test_a_repeat_with_the_same_key_drafts_once(world: World) -> None:
    deals.list_prices(world, ["EUR"])
    mia = api(world)
    first = mia.post("/rate-cards/list/versions", {}, key="once")
    again = mia.post("/rate-cards/list/versions", {}, key="once")
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert RateCardVersion.objects.count() == 2
    assert mia.post("/rate-cards/list/versions", {"based_on": 1}, key="once").status_code == 422


def test_products_are_described(world: World) -> None:
    deals.product(world)
    mia = api(world)
    assert mia.patch("/products/inference", {"name": "New"}).json()["name"] == "New"
    assert mia.get("/products/inference").json()["name"] == "New"
    assert refused(mia.patch("/products/inference", {"tax_category": "x"})) == (422, ["tax_category"])


def test_metrics_are_edited_discarded_and_excused(world: World) -> None:
    mia = api(world)
    mia.post("/metrics", {"key": "m", "name": "M", "owner": "mia@example.com"})
    mia.post("/metrics/m/versions", MEANING)
    changed = put(mia, "/metrics/m/versions/1", MEANING | {"unit": "1M"})
    assert (changed.json()["unit"], changed.json()["number"]) == ("1M", 1)
    assert mia.post("/metrics/m/price-unseen", {"reason": "Soon"}).json()["unseen_reason"] == "Soon"
    assert refused(api(world, world.eli).post("/metrics/m/price-unseen", {"reason": "Soon"})) == (403, [None])
    assert mia.post("/metrics/m/versions/1/discard").json()["status"] == "WITHDRAWN"


# -- not mine, not allowed, wrong method


@pytest.fixture
def everything(world: World) -> dict[str, str]:
    """One of each; addresses by what may be done there."""
    version = deals.list_prices(world, ["EUR"])
    contract = deals.contract(world, world.acme, version.rate_card)
    draft = deals.version(world, version.rate_card, effective_date=date(2099, 1, 1))
    deals.draft_contract(world, world.globex, version.rate_card)
    request = rate_cards.submit(version=draft, title="", reason="", by=world.mia, at=deals.AT)
    price = PriceRow.objects.filter(charge__version=draft).first()
    return {
        "metric": "/metrics/llm-tokens", "metric_version": "/metrics/llm-tokens/versions/1",
        "product": "/products/inference", "card": "/rate-cards/list", "version": "/rate-cards/list/versions/2",
        "prices": "/rate-cards/list/versions/2/prices", "price": f"/rate-cards/list/versions/2/prices/{price.pk}",
        "contract": f"/contracts/{contract.key}", "draft": "/contracts/globex-2026",
        "request": f"/change-requests/{request.pk}",
    }  # fmt: skip


def snapshot() -> tuple[Any, ...]:
    models = (Metric, MetricVersion, Product, RateCard, RateCardVersion, PriceRow, Contract)
    return tuple(sorted(map(str, model.objects.values_list())) for model in models)


WRITES: tuple[tuple[str, str, Any], ...] = (
    ("post", "/metrics", {"key": "x", "name": "X", "owner": "mia@example.com"}),
    ("post", "{metric}/versions", MEANING),
    ("put", "{metric_version}", MEANING),
    ("post", "{metric_version}/submit", {"reason": "x"}),
    ("post", "{metric_version}/discard", {}),
    ("post", "{metric}/price-unseen", {"reason": "x"}),
    ("post", "/products", {"key": "x", "name": "X"}),
    ("patch", "{product}", {"name": "x"}),
    ("post", "/rate-cards", {"key": "x", "name": "X", "owner": "mia@example.com"}),
    ("post", "{card}/versions", {}),
    ("patch", "{version}", {"notes": "x"}),
    ("put", "{prices}", CONTENT),
    ("post", "{prices}", {"product": "inference", "currency": "USD", "match": {}, "unit_price": "1"}),
    ("put", "{price}", {"unit_price": "1"}),
    ("delete", "{price}", None),
    ("post", "{version}/submit", {"reason": "x"}),
    ("post", "{version}/discard", {}),
    ("post", "/contracts", {"key": "x"}),
    ("patch", "{draft}", {"net_days": 1}),
    ("post", "{draft}/submit", {"reason": "x"}),
    ("post", "{draft}/discard", {}),
    ("post", "{request}/decide", {"verdict": "APPROVE", "seen": "00" * 32}),
    ("post", "{request}/send-back", {}),
    ("post", "{request}/withdraw", {}),
)


def test_whoever_may_only_read_changes_nothing(world: World, everything) -> None:
    before = snapshot()
    for name in ("audra", "uma", "sal", "noel", "pat"):
        call = api(world, getattr(world, name))
        for method, path, body in WRITES:
            answer = call._send(method, path.format(**everything), body, None)
            assert answer.status_code in (403, 404, 422), (name, method, path, answer.content)
            assert answer.status_code != 422 or path == "/contracts", (name, method, path)
    assert snapshot() == before


def test_a_key_without_the_scope_reads_only(world: World, everything) -> None:
    before = snapshot()
    for who in (world.chen, world.mia):
        call = api(world, who, "catalog:read", "usage:read", "invoices:write", "customers:write")
        for method, path, body in WRITES:
            answer = call._send(method, path.format(**everything), body, None)
            assert answer.status_code == 403, (method, path, answer.content)
        assert call.get("/rate-cards/list").status_code == 200
    assert snapshot() == before
    assert Api("mk_live_0_x").get("/metrics").status_code == 401


def test_another_environment_has_none_of_it(world: World, everything) -> None:
    before = snapshot()
    call = api(world, world.chen, environment=world.sandbox)
    for name, path in everything.items():
        if name != "prices":
            assert call.get(path).status_code == 404, path
    for path in ("/metrics", "/products", "/rate-cards", "/contracts"):
        assert call.get(path).json()["results"] == []
    for method, path, body in WRITES:
        if "{" in path:
            assert call._send(method, path.format(**everything), body, None).status_code == 404, path
    assert snapshot() == before


def test_a_contract_is_read_by_whoever_sees_the_account(world: World, everything) -> None:
    sal = api(world, world.sal)
    assert sal.get("/contracts/acme-2026").status_code == 200
    assert sal.get("/contracts/globex-2026").status_code == 404
    assert [each["key"] for each in sal.get("/contracts").json()["results"]] == ["acme-2026"]
    assert api(world, world.pat).get("/contracts").status_code == 403


def test_wrong_methods_are_named(world: World, everything) -> None:
    call = api(world, world.chen)
    for path, method in (
        ("/metrics", "put"), ("{metric}", "delete"), ("{version}", "put"), ("{version}/submit", "patch"),
        ("{price}", "post"),
        ("{contract}", "put"), ("{request}/decide", "put"),
    ):  # fmt: skip
        assert call._send(method, path.format(**everything), {}, None).status_code == 405, path
    assert call.get(everything["version"] + "/submit").status_code == 405


# -- bad input

ROW = {"product": "inference", "currency": "EUR"}
CHARGE = {"product": "inference", "metric": "llm-tokens"}


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("post", "{prices}", ROW, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": 1, "tiers": [{"unit_price": 1}]}, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": True}, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": "1e400"}, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": "0.0000000000000000001"}, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": "-1"}, "unit_price"),
        ("post", "{prices}", ROW | {"unit_price": 1, "match": {"x": "y"}}, "match.x"),
        ("post", "{prices}", ROW | {"unit_price": 1, "match": {"model": 5}}, None),
        ("post", "{prices}", ROW | {"unit_price": 1, "price": 2}, "price"),
        ("post", "{prices}", ROW | {"currency": "eur", "unit_price": 1}, "currency"),
        ("put", "{prices}", {"charges": [{"product": "nothing", "metric": "llm-tokens", "prices": []}]}, "product"),
        ("put", "{prices}", {"charges": [CHARGE | {"prices": [{"currency": "EUR"}]}]},
         "charges[0].prices[0].unit_price"),
        ("put", "{prices}", {"charges": 5}, "charges"),
        ("put", "{prices}", [], None),
        ("patch", "{version}", {"effective_date": "2026-13-01"}, "effective_date"),
        ("patch", "{version}", {"effective_at": "tomorrow"}, "effective_at"),
        ("patch", "{version}", {"effective_date": "2027-01-01", "effective_at": "2027-01-01T00:00:00Z"},
         "effective_date"),
        ("patch", "{version}", {"status": "APPROVED"}, "status"),
        ("post", "{metric}/versions", MEANING | {"aggregation": "MEDIAN"}, "aggregation"),
        ("post", "{metric}/versions", MEANING | {"divisor": 0}, "divisor"),
        ("post", "{metric}/versions", MEANING | {"filters": [{"field": "n", "op": "gt", "values": ["many"]}]}, None),
        ("post", "{metric}/versions", MEANING | {"measures": []}, "measures"),
        ("post", "{metric}/versions", MEANING | {"effective_at": None}, "effective_at"),
        ("post", "/metrics", {"key": "UPPER", "name": "x", "owner": "mia@example.com"}, "key"),
        ("post", "/metrics", {"key": "x", "name": "x", "owner": "nobody@example.com"}, "owner"),
        ("post", "/products", {"key": "x", "name": "x" * 121}, "name"),
        ("post", "{request}/decide", {"verdict": "MAYBE", "seen": "00" * 32}, "verdict"),
        ("post", "{request}/decide", {"verdict": "APPROVE", "seen": "zz"}, "seen"),
        ("patch", "{draft}", {"account": "acme"}, "account"),
        ("patch", "{draft}", {"discount_percent": "101"}, "discount_percent"),
        ("patch", "{draft}", {"pinned_version": 99}, "pinned_version"),
        ("patch", "{draft}", {"rate_card": "none"}, "rate_card"),
        ("patch", "{draft}", {"anchor": "day", "anchor_day": 40}, "anchor_day"),
    ],
)  # fmt: skip
def test_bad_input_is_named_at_its_field(world: World, everything, method, path, body, field) -> None:
    if path in ("{prices}", "{version}"):  # a draft again
        api(world).post(everything["request"] + "/withdraw", {})
        number = api(world).post("/rate-cards/list/versions").json()["number"]
        everything |= {
            "version": f"/rate-cards/list/versions/{number}", "prices": f"/rate-cards/list/versions/{number}/prices"
        }  # fmt: skip
    before = snapshot()
    status, fields = refused(api(world, world.chen)._send(method, path.format(**everything), body, None))
    assert status == 422, fields
    assert field is None or field in fields
    assert snapshot() == before


def test_unreadable_bodies_are_refused(world: World) -> None:
    call = api(world)
    for body in (b"{", b"\xff\xfe", b'{"key": NaN}', b'{"key": 1, "key": 2}', b"[" * 100_000):
        assert call.post("/metrics", body).status_code in (400, 422)
    assert Metric.objects.count() == 0


# -- bounded


def test_lists_cost_the_same_however_long(world: World) -> None:
    deals.metric(world)
    deals.product(world)
    many = [(f"model-{i}", "", "1") for i in range(120)]
    deals.approved(world, deals.version(world, deals.card(world), rows=deals.prices(many)))
    call = api(world)
    costs = {}
    for limit in (2, 100):
        for path in ("/rate-cards/list/versions/1/prices", "/metrics/llm-tokens/versions", "/rate-cards", "/contracts"):
            call.get(path, limit=limit)
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert call.get(path, limit=limit).status_code == 200
            costs.setdefault(path, set()).add(len(queries))
    assert all(len(seen) == 1 and max(seen) <= 12 for seen in costs.values()), costs


def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    deals.list_prices(world, ["EUR"])
    call, seen, path = api(world), [], "/rate-cards/list/versions/1/prices?limit=3"
    while path:
        page = call.client.get(path if path.startswith("http") else f"/api/v1{path}").json()
        seen += [row["id"] for row in page["results"]]
        path = page["next"]
    assert seen == list(PriceRow.objects.order_by("pk").values_list("pk", flat=True))
