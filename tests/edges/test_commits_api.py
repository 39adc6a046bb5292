"""Commits, recurring grants and rollover through the API: read back as said, refused at the field."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.models import Commit, Contract, Instrument
from tests import agreements, deals, priced
from tests.edges.test_foundation_api import is_problem
from tests.make import Api, World, token

YEAR: dict[str, Any] = {"amount": "120000", "start_date": "2026-10-01", "end_date": "2027-09-30"}
COMMIT: dict[str, Any] = {"key": "annual", "name": "Annual", "kind": "PREPAID"}


@pytest.fixture
def api(world: World) -> Api:
    return Api(token(world.rosa, world.live))


@pytest.fixture
def draft(world: World) -> Contract:
    card = priced.list_card(world)
    return deals.draft_contract(
        world, world.acme, card, key="deal", start_date=agreements.FIRST, end_date=agreements.FIRST + timedelta(729)
    )


def test_a_deal_with_a_ramp_in_two_invoices_and_prices_of_its_own(api: Api, draft: Contract) -> None:
    said = COMMIT | {
        "access": [YEAR, {"amount": "240000", "start_date": "2027-10-01"}],
        "invoices": [{"amount": "60000", "date": "2026-10-01"}, {"amount": "240000", "date": "2027-10-01"}],
        "prices": [{"product": "inference", "match": {"token_type": "input"}, "multiplier": "0.82"}],
        "dimensions": {"model": "gpt-4o"}, "tags": ["llm"], "rollover_percent": "20",
    }  # fmt: skip
    made = api.post("/contracts/deal/commits", said)
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["access"][1] == {"amount": "240000", "start_date": "2027-10-01", "end_date": "2028-09-29"}
    assert body["invoices"] == said["invoices"]
    assert body["prices"] == [said["prices"][0] | {"unit_price": None}]
    assert [str(one.invoiced.normalize()) for one in Instrument.objects.order_by("pk")] == ["1E+5", "2E+5"]
    assert api.get("/contracts/deal/commits").json() == [body]
    assert [one["key"] for one in api.get("/contracts/deal/instruments").json()] == []
    assert api.client.delete("/api/v1/contracts/deal/commits/annual").status_code == 204
    assert not Instrument.objects.exists()


def test_schedules_from_whole_amounts(api: Api, draft: Contract) -> None:
    said = COMMIT | {
        "spread_access": {"amount": "1000", "cadence": "QUARTERLY", "end_date": "2027-09-30"},
        "equal_invoices": {"amount": "1000", "number": 3, "cadence": "MONTHLY"},
    }
    body = api.post("/contracts/deal/commits", said).json()
    assert [one["amount"] for one in body["access"]] == ["250", "250", "250", "250"]
    assert [(one["amount"], one["date"]) for one in body["invoices"]] == [
        ("333.34", "2026-10-01"), ("333.33", "2026-11-01"), ("333.33", "2026-12-01"),
    ]  # fmt: skip


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "it ends before it starts": ({"access": [YEAR | {"end_date": "2026-09-30"}]}, "access[0].end_date"),
    "it starts before the contract": ({"access": [YEAR | {"start_date": "2026-09-30"}]}, "access[0].start_date"),
    "it ends after the contract": ({"access": [YEAR, YEAR | {"end_date": "2030-01-01"}]}, "access[1].end_date"),
    "nothing may be drawn": ({"access": []}, "access"),
    "less than nothing": ({"access": [YEAR | {"amount": "-1"}]}, "access[0].amount"),
    "a part of a cent": ({"access": [YEAR | {"amount": "1.001"}]}, "access[0].amount"),
    "nothing is billed": ({"invoices": []}, "invoices"),
    "more is billed than may be drawn": ({"invoices": [{"amount": "120001", "date": "2026-10-01"}]}, "invoices"),
    "billed outside": ({"invoices": [{"amount": "1", "date": "2026-09-01"}]}, "invoices[0].date"),
    "billed twice a day": ({"invoices": [{"amount": "1", "date": "2026-10-01"}] * 2}, "invoices[1].date"),
    "billed for nothing": ({"invoices": [{"amount": "0", "date": "2026-10-01"}]}, "invoices[0].amount"),
    "a postpaid one is billed ahead": ({"kind": "POSTPAID"}, "invoices"),
    "both ways": ({"spread_access": {"amount": "1", "cadence": "MONTHLY"}}, "spread_access"),
    "no price": ({"prices": [{"product": "inference"}]}, "prices[0].unit_price"),
    "two of one price": ({"prices": [{"product": "inference", "multiplier": "1"}] * 2}, "prices[1].product"),
    "no such product": ({"products": ["nothing"]}, "products"),
    "more than all rolls over": ({"rollover_percent": "101"}, "rollover_percent"),
    "a kind that isn't one": ({"kind": "CREDIT"}, "kind"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_at_its_field(api: Api, draft: Contract, wrong: str) -> None:
    change, field = WRONG[wrong]
    said = COMMIT | {"access": [YEAR], "invoices": [{"amount": "1", "date": "2026-10-01"}]} | change
    is_problem(api.post("/contracts/deal/commits", said), 422, field)
    assert (Commit.objects.count(), Instrument.objects.count()) == (0, 0)


def test_a_recurring_grant(api: Api, draft: Contract) -> None:
    said = {"key": "free", "name": "Free", "amount": "50", "cadence": "MONTHLY", "rollover_periods": 1}
    made = api.post("/contracts/deal/recurring-grants", said)
    assert made.status_code == 201
    assert api.get("/contracts/deal/recurring-grants").json() == [made.json()]
    is_problem(api.post("/contracts/deal/recurring-grants", said | {"amount": "0.001"}), 422, "amount")
    wrong = said | {"key": "b", "start_date": "2025-01-01"}
    is_problem(api.post("/contracts/deal/recurring-grants", wrong), 422, "start_date")
    assert api.client.delete("/api/v1/contracts/deal/recurring-grants/free").status_code == 204


def test_a_renewal_takes_over(api: Api, world: World) -> None:
    old = agreements.contract(
        world, agreements.credit("200", rollover_percent="50"), end_date=agreements.FIRST + timedelta(30)
    )
    deals.draft_contract(world, world.acme, old.rate_card, key="renewal", start_date=agreements.FIRST + timedelta(31))
    takes_over = "/contracts/renewal/roll-over"
    is_problem(api.post(takes_over, {"from_contract": "nothing"}), 422, "from_contract")
    is_problem(api.post(takes_over, {"from_contract": "renewal"}), 422, "from_contract")
    is_problem(api.post(takes_over, {"from_contract": old.key}), 422, "to_contract")
    said = COMMIT | {"access": [{"amount": "10", "start_date": "2026-11-01", "end_date": "2027-10-31"}],
                     "invoices": [{"amount": "10", "date": "2026-11-01"}]}  # fmt: skip
    assert api.post("/contracts/renewal/commits", said).status_code == 201
    found = api.post(takes_over, {"from_contract": old.key})
    assert found.status_code == 200
    assert [(one["key"], one["amount"], one["end_date"], one["rolled_from"]) for one in found.json()] == [
        ("welcome.rolled", "100", "2027-10-31", "welcome")
    ]


def test_balances_as_of_a_day(api: Api, world: World) -> None:
    contract = agreements.contract(world, agreements.credit("50"), agreements.monthly("5", "free"))
    priced.use(world, priced.october())
    priced.issued(world, contract)
    at = {"2026-09-30": "0", "2026-10-20": "50", "2026-11-01": "0"}
    for day, left in at.items():
        found = api.get("/accounts/acme/balances", as_of=day).json()
        assert {one["key"]: one["left"] for one in found}["welcome"] == left
    assert [one["recurring_grant"] for one in found if one["key"].startswith("free.")] == ["free"]
    is_problem(api.get("/accounts/acme/balances", as_of="yesterday"), 422, "as_of")
    is_problem(api.get("/accounts/acme/balances", as_of="0001-01-01"), 422, "as_of")
