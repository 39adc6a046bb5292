"""Plans and sign-ups over HTTP: drafted, refused at the member, approved, signed up for; nothing by others."""

from itertools import count
from typing import Any

import pytest

from catalog.models import Contract, PlanVersion
from monetization.foundation.models import Account, User
from tests import planned
from tests.make import Api, World, token

NUMBERS = count()
BODY: dict[str, Any] = {
    "plan": "starter", "currency": "EUR", "customer": {"key": "fresh", "name": "Fresh Foods"},
    "account": {"key": "fresh", "name": "Fresh Foods GmbH", "time_zone": "Europe/Berlin", "country": "DE"},
}  # fmt: skip


def api(world: World, who: User, *scopes: str) -> Api:
    return Api(token(who, world.live, *scopes, name=f"plans-{next(NUMBERS)}"))


def refused(answer: Any) -> tuple[int, list[str | None]]:
    assert answer.headers["content-type"] == "application/problem+json", answer.content
    return answer.status_code, [error["field"] for error in answer.json()["errors"]]


def test_a_plan_is_drafted_written_and_submitted(world: World) -> None:
    planned.plan(world, "other")
    call = api(world, world.mia)
    made = call.post("/plans", {"key": "starter", "name": "Starter", "owner": "mia@example.com"})
    assert made.status_code == 201, made.content
    draft = call.post("/plans/starter/versions")
    assert (draft.status_code, draft.json()["number"], draft.json()["content"]["currencies"]) == (201, 1, [])
    path = "/plans/starter/versions/1"
    wrong = planned.STARTER | {"fees": [planned.STARTER["fees"][0] | {"unit_price": {"EUR": True}}]}
    assert refused(call.patch(path, {"content": wrong})) == (422, ["fees[0].unit_price"])
    said = {"effective_date": "2026-01-01", "legal_entity": "gmbh", "rate_card": "list", "content": planned.STARTER}
    written = call.patch(path, said)
    assert written.status_code == 200, written.content
    assert written.json()["content"]["fees"][0]["unit_price"] == {"EUR": "49", "JPY": "7500"}
    assert refused(call.patch(path, {})) == (422, ["content"])
    assert refused(call.patch(path, {"content": planned.STARTER | {"colour": "red"}})) == (422, ["colour"])
    asked = call.post(f"{path}/submit", {"reason": "Launch"})
    assert asked.status_code == 200, asked.content
    assert refused(call.patch(path, {"notes": "late"}))[0] == 409
    assert call.get("/plans").json()["results"][0]["key"] == "starter"
    assert [each["status"] for each in call.get("/plans/starter/versions").json()["results"]] == ["SUBMITTED"]


def test_one_call_signs_up_and_the_same_call_answers_the_same(world: World) -> None:
    planned.starter(world)
    call = api(world, world.rosa, "signups:write")
    made = call.post("/signups", BODY)
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["contract"]["status"], body["contract"]["plan"], body["contract"]["plan_version"]) == (
        "APPROVED", "starter", 1,
    )  # fmt: skip
    assert (body["account"], body["customer"]) == ("fresh", "fresh")
    assert {line["name"]: line["amount"] for line in body["first_period"]["lines"] if line["amount"][0] != "-"} == {
        "Platform fee": "49", "Set-up": "99",
    }  # fmt: skip
    assert (body["first_period"]["net"], body["first_period"]["tax"]) == ("138", "26.22")
    again = call.post("/signups", BODY)
    assert (again.status_code, again.json()) == (200, body)
    first = call.post("/signups", BODY | {"account": {"key": "acme"}, "customer": {"key": "acme"}}, key="one")
    repeat = call.post("/signups", BODY | {"account": {"key": "acme"}, "customer": {"key": "acme"}}, key="one")
    assert (first.status_code, repeat.status_code, repeat.content) == (201, 201, first.content)
    assert Contract.objects.count() == 2
    contract = api(world, world.mia).get(f"/contracts/{body['contract']['key']}").json()
    assert (contract["plan"], contract["plan_version"], contract["status"]) == ("starter", 1, "APPROVED")


@pytest.mark.parametrize(
    ("fields", "status", "change"),
    [
        (["plan"], 404, {"plan": "nothing"}),
        (["currency"], 422, {"currency": "USD"}),
        (["start_date"], 422, {"start_date": "2026-01-02"}),
        (["account.country"], 422, {"account": BODY["account"] | {"country": "XX"}}),
        (["account.time_zone"], 422, {"account": BODY["account"] | {"time_zone": "Mars"}}),
        (["account.key"], 422, {"account": BODY["account"] | {"key": "No key"}}),
        (["account.billing_email"], 422, {"account": BODY["account"] | {"billing_email": "nowhere"}}),
        (["account.name", "account.time_zone", "account.country"], 422, {"account": {"key": "fresh"}}),
        (["account.country"], 409, {"account": {"key": "acme", "country": "FR"}, "customer": {"key": "acme"}}),
        (["colour"], 422, {"colour": "red"}),
    ],
)
def test_what_is_wrong_is_named(world: World, fields: list[str], status: int, change: dict[str, Any]) -> None:
    planned.starter(world)
    before = Account.objects.count()
    assert refused(api(world, world.rosa).post("/signups", BODY | change)) == (status, fields)
    assert (Account.objects.count(), Contract.objects.count()) == (before, 0)


def test_who_may_not_changes_nothing(world: World) -> None:
    planned.starter(world)
    for call in (api(world, world.mia), api(world, world.rosa, "contracts:write")):
        assert call.post("/signups", BODY).status_code == 403
    for call in (api(world, world.finn), api(world, world.mia, "catalog:read")):
        assert call.post("/plans/starter/versions").status_code == 403
    assert (Contract.objects.count(), PlanVersion.objects.count()) == (0, 1)
    assert api(world, world.finn).get("/plans/starter/versions/1").json()["status"] == "APPROVED"
