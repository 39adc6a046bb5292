"""The impact of a change request by API: begun, watched while a worker is at it, its accounts filtered, cancelled."""

from typing import Any

import pytest
from django.test import Client

from billing import tasks
from billing.models import ImpactChunk
from monetization.foundation.models import ChangeRequest
from tests import make
from tests.make import World


def called(client: Client, method: str, address: str, body: Any = None) -> tuple[int, Any]:
    answer = getattr(client, method)(address, body, content_type="application/json") if body is not None else (
        getattr(client, method)(address)
    )  # fmt: skip
    return answer.status_code, answer.json()


@pytest.fixture
def key(world: World) -> Client:
    return Client(headers={"authorization": f"Bearer {make.token(world.mia, world.live, name='all')}"})


def test_it_is_begun_watched_and_read(
    world: World, asked: ChangeRequest, key: Client, django_capture_on_commit_callbacks: Any
) -> None:  # fmt: skip
    at = f"/api/v1/change-requests/{asked.pk}/impact"
    assert called(key, "get", at)[0] == 404
    status, body = called(key, "post", at, {"months": 0})
    assert (status, body["errors"][0]["field"]) == (422, "months")
    status, body = called(key, "post", at, {"months": 1})
    assert (status, body["status"], body["percent_done"], body["summaries"]) == (202, "RUNNING", 0, [])
    for pk in ImpactChunk.objects.values_list("pk", flat=True):
        tasks.work_on_impact(pk)
    status, body = called(key, "get", at)
    assert (status, body["status"], body["is_stale"]) == (200, "DONE", False)
    assert {each["total"]["currency"]: each["total"]["change"] for each in body["summaries"]} == {
        "EUR": "77.5", "JPY": "0",
    }  # fmt: skip
    assert [each["of"] for each in body["by_product"]] == ["inference", "inference"]
    status, body = called(key, "get", f"{at}/accounts?shown=more")
    assert [(each["account"], each["before"], each["after"]) for each in body["results"]] == [("acme", "108.5", "186")]
    assert called(key, "get", f"{at}/accounts?q=globex")[1]["results"][0]["change_percent"] == "0"
    assert called(key, "post", f"{at}/cancel", {})[0] == 409


def test_sales_sees_granted_customers_only(world: World, asked: ChangeRequest, key: Client) -> None:
    at = f"/api/v1/change-requests/{asked.pk}/impact"
    called(key, "post", at, {"months": 1})
    for pk in ImpactChunk.objects.values_list("pk", flat=True):
        tasks.work_on_impact(pk)
    sal = make.signed_in(world.sal)
    assert [each["account"] for each in called(sal, "get", f"{at}/accounts")[1]["results"]] == ["acme"]
    assert [each["total"]["currency"] for each in called(sal, "get", at)[1]["summaries"]] == ["EUR"]
    assert called(sal, "post", at, {})[0] == 403
    assert called(make.signed_in(world.pat), "get", at)[0] == 403
