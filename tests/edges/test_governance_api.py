"""Policies, delegations, notices and the approval needed over the API: the same rules as in the console."""

import pytest

from monetization.foundation.models import Delegation, Notice, PolicyVersion
from tests.governing import asked_for, content, put
from tests.make import Api, World, signed_in, token

CHANGE = {
    "conditions": [
        {"fact": "discount_percent", "operator": "ABOVE", "bound": "20"},
        {"fact": "currency", "operator": "ANY_OF", "words": ["EUR"]},
    ],
    "roles": [{"role": "FINANCE", "how_many": 2}, {"role": "HEAD", "step": 2}],
    "deadline_hours": 24,
    "escalate_to": "HEAD",
}


@pytest.fixture
def chen(world: World) -> Api:
    return Api(token(world.chen, world.live))


def api_of(world: World, name: str) -> Api:
    return Api(token(getattr(world, name), world.live, name=name))


def test_a_policy_is_drafted_submitted_and_decided(world: World, chen: Api) -> None:
    made = chen.post("/policies", {"kind": "contract", "name": "Deep", **CHANGE})
    assert made.status_code == 201, made.json()
    version = made.json()["id"]
    assert made.json()["roles"][1] == {"role": "HEAD", "how_many": 1, "step": 2}
    asked = chen.post(f"/policy-versions/{version}/submit", {"reason": "Too deep"})
    assert asked.status_code == 201
    number = asked.json()["request"]
    detail = chen.get(f"/change-requests/{number}").json()
    assert detail["missing"] == [{"role": "FINANCE", "how_many": 1}]
    body = {"verdict": "APPROVE", "seen": detail["content_digest"]}
    assert chen.post(f"/change-requests/{number}/decide", body).status_code == 403
    finn = api_of(world, "finn")
    assert [one["request"] for one in finn.get("/waiting").json()] == [number]
    assert finn.post(f"/change-requests/{number}/decide", body).json()["status"] == "LIVE"
    assert chen.get(f"/policy-versions/{version}").json()["status"] == "APPROVED"
    assert chen.get("/notices").json()["results"][0]["telling"] == "DECIDED"
    assert chen.post("/notices/read").json() == {"read": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"roles": []}, "roles"),
        ({"roles": [{"role": "SALES"}]}, "roles"),
        ({"roles": [{"role": "HEAD", "how_many": 0}]}, "roles[0].how_many"),
        ({"conditions": [{"fact": "total", "operator": "ABOVE"}]}, "conditions[0].bound"),
        ({"conditions": [{"fact": "currency", "operator": "ABOVE", "bound": "1"}]}, "conditions[0].operator"),
        ({"deadline_hours": None}, "deadline_hours"),
        ({"typo": 1}, "typo"),
    ],
)
def test_a_wrong_policy_names_its_field(world: World, chen: Api, change: dict[str, object], field: str) -> None:
    before = PolicyVersion.objects.count()
    answer = chen.post("/policies", {"kind": "contract", "name": "Deep", **CHANGE, **change})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert PolicyVersion.objects.count() == before


def test_the_approval_needed_is_told_for_facts_and_for_requests(world: World, chen: Api) -> None:
    found = chen.post("/approval-needed", {"kind": "contract", "facts": {"discount_percent": "25"}}).json()
    assert found["sentence"] == "Needs 1 × Head of monetization and 1 × RevOps."
    assert [(one["role"], one["could_decide"]) for one in found["steps"]] == [
        ("HEAD", []), ("REVOPS", ["rosa@example.com"]),
    ]  # fmt: skip
    unsure = chen.post("/approval-needed", {"kind": "contract"}).json()["considered"]
    assert [(one["applies"], one["is_known"]) for one in unsure if "20 %" in one["policy"]] == [(True, False)]
    request = asked_for(world, kind="contract", discount_percent=1)
    subject = f"foundation.change_request:{request.pk}"
    assert chen.get("/approval-needed", subject=subject).json()["sentence"] == "Needs 1 × RevOps."
    assert api_of(world, "sal").get("/approval-needed", subject=subject).status_code == 404
    assert chen.get("/approval-needed", subject="x.y:1").status_code == 404
    wrong = chen.post("/approval-needed", {"kind": "contract", "facts": {"discount_percent": "deep"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "facts.discount_percent")


def test_a_delegation_is_ones_own(world: World, chen: Api) -> None:
    body = {"delegate": "uma@example.com", "starts_at": "2020-01-01T00:00Z", "ends_at": "2099-01-01T00:00Z"}
    made = chen.post("/delegations", body)
    assert made.status_code == 201, made.json()
    assert chen.post("/delegations", body).status_code == 422
    number = made.json()["id"]
    assert api_of(world, "finn").post(f"/delegations/{number}/end").status_code == 404
    assert Delegation.objects.get().delegate == world.uma
    uma = api_of(world, "uma")
    request = asked_for(world, kind="metric")
    assert [one["request"] for one in uma.get("/waiting").json()] == [request.pk]
    assert uma.post(f"/delegations/{number}/end").status_code == 200
    assert uma.get("/waiting").json() == []


def test_comments_mention_and_mail_is_chosen(world: World, chen: Api) -> None:
    request = asked_for(world, kind="metric")
    made = chen.post(f"/change-requests/{request.pk}/comments", {"text": "@finn, look"})
    assert (made.status_code, made.json()["by"]) == (201, "chen@example.com")
    assert Notice.objects.get(telling="MENTIONED").user == world.finn
    assert chen.post(f"/change-requests/{request.pk}/comments", {"text": " "}).status_code == 422
    assert chen.get("/notices/mail").json() == {"by": "AT_ONCE"}
    assert chen.client.put("/api/v1/notices/mail", '{"by": "DAILY"}', "application/json").json() == {"by": "DAILY"}


def test_pages_show_what_is_asked_and_why(world: World, django_assert_max_num_queries) -> None:
    put(world, "Slow", content(*_two_steps()), kind="rate_card")
    request = asked_for(world, kind="rate_card", max_change_percent=60)
    chen = signed_in(world.chen)
    page = chen.get(f"/console/requests/{request.pk}/").content.decode()
    assert "after step 1" in page
    tried = chen.get("/console/approval-needed/", {"kind": "rate_card", "max_change_percent": "x"})
    assert (tried.status_code, "“x” is not a number" in tried.content.decode()) == (422, True)
    asked = chen.get("/console/approval-needed/", {"kind": "rate_card"}).content.decode()
    assert "max change percent is not known" in asked and "Yes, to be safe" in asked
    finn = signed_in(world.finn)
    with django_assert_max_num_queries(24):
        assert "to decide" in finn.get("/console/inbox/count/").content.decode()


def _two_steps():
    from monetization.foundation.rules.policies import Asked
    from monetization.foundation.rules.roles import Role

    return Asked(Role.FINANCE), Asked(Role.HEAD, step=2)
