"""Quotes over HTTP: what they answer, what they refuse and name, whose terms nobody else sees; nothing stays."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.api.quote_bodies import AnsweredBody
from billing.models import Invoice
from monetization.foundation.models import AuditEntry
from tests.make import Api, World, signed_in, token
from tests.priced import Priced, draft, october, priced, use

ADDRESS = "/api/v1/quotes"
TIERS = [{"up_to": "10", "unit_price": "2.50"}, {"unit_price": "1.75"}]
QUOTE: dict[str, Any] = {
    "currency": "USD",
    "period": {"start_date": "2026-11-01", "end_date": "2026-11-30"},
    "charges": [
        {"key": "tokens", "free_units": "1", "prices": [{"model": "GRADUATED", "tiers": TIERS}]},
        {"key": "seats", "kind": "recurring", "unit_price": "20", "quantity": "3"},
    ],
    "instruments": [{"id": "welcome", "balance": "25"}],
    "taxes": [{"percent": "19"}],
    "usage": [{"charge": "tokens", "quantity": "16.2"}],
}


@pytest.fixture
def terms(world: World) -> Priced:
    made = priced(world)
    use(world, [*october(), *october("globex", input=5_000_000)])
    return made


@pytest.fixture
def ask(world: World):
    client = Client(headers={"authorization": f"Bearer {token(world.rosa, world.live, 'invoices:read')}"})

    def send(body: Any, **more: Any) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(ADDRESS, raw, **({"content_type": "application/json"} | more))

    return send


def test_terms_and_usage_become_an_explained_invoice(ask) -> None:
    answer = ask(QUOTE)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    (invoice,) = found["invoices"]
    kinds = [(line["kind"], line["charge"], line["amount"]) for line in invoice["lines"]]
    assert kinds[:2] == [("usage", "tokens", "34.10"), ("recurring", "seats", "60.00")]
    assert [line["amount"] for line in invoice["lines"] if line["kind"] == "drawdown"] == ["-25.00"]
    steps = [(step["quantity"], step["unit_price"], step["amount"]) for step in invoice["lines"][0]["steps"]]
    assert steps == [("10", "2.5", "25.00"), ("5.2", "1.75", "9.10")]
    assert (found["net"], found["tax"], found["total"], found["difference"]) == ("69.10", "13.13", "82.23", "69.1")
    assert invoice["instruments"][0] | {"before": "25", "after": "0"} == invoice["instruments"][0]


def test_numbers_are_read_exactly_however_they_are_written(ask) -> None:
    for number in ("0.000000075", 0.000000075, 7.5e-8, "7.5e-8"):
        raw = json.dumps(QUOTE | {"charges": [{"key": "tokens", "prices": [{"unit_price": number}]}]}).encode()
        (line,) = ask(raw).json()["invoices"][0]["lines"][:1]
        assert line["exact"] == "0.000001215", number


def test_the_answer_is_what_its_description_says(ask) -> None:
    found = ask(QUOTE).json()
    read = AnsweredBody(data=found)
    assert read.is_valid(), read.errors
    described = AnsweredBody().fields["invoices"].child.fields
    assert set(described) == set(found["invoices"][0])
    assert set(described["lines"].child.fields) == set(found["invoices"][0]["lines"][0])


def changed(**more: Any) -> dict[str, Any]:
    return QUOTE | more


def row(**more: Any) -> dict[str, Any]:
    return changed(charges=[{"key": "tokens", "prices": [{"unit_price": "1"} | more]}])


WRONG: list[tuple[Any, int, str]] = [
    (b"{", 400, "body"),
    (b"\xff", 400, "body"),
    (b"", 400, "body"),
    (b"[1]", 422, "body"),
    (b"[" * 50_000, 422, "body"),
    (b" " * 1_000_001, 413, "body"),
    ({"charges": []}, 422, "currency"),
    (changed(currency="XYZ"), 422, "currency"),
    (changed(chrages=[]), 422, "chrages"),
    (changed(charges=[{"key": "a"}, {"key": "a"}]), 422, "charges[0].key"),
    (row(unit_prise="1"), 422, "charges[0].prices[0].unit_prise"),
    (row(unit_price="abc"), 422, "charges[0].prices[0].unit_price"),
    (row(unit_price="NaN"), 422, "charges[0].prices[0].unit_price"),
    (row(unit_price="1e999999"), 422, "charges[0].prices[0].unit_price"),
    (row(unit_price="1e-999999"), 422, "charges[0].prices[0].unit_price"),
    (row(unit_price=True), 422, "charges[0].prices[0].unit_price"),
    (row(starts_on="soon"), 422, "charges[0].prices[0].starts_on"),
    (row(starts_on="9999-12-31"), 422, "charges[0].prices[0].starts_on"),
    (row(model="SURPRISE"), 422, "charges[0].prices[0].model"),
    (changed(usage=[{"charge": "nothing"}]), 422, "usage[0].charge"),
    (changed(usage=[{"charge": "tokens", "quantity": "Infinity"}]), 422, "usage[0].quantity"),
    (changed(usage=[{"charge": "tokens"}] * 20_001), 422, "usage"),
    (changed(charges=[{"key": str(n)} for n in range(501)]), 422, "charges"),
    (changed(charges=[{"key": "a", "prices": [{"unit_price": "1"}] * 5_001}]), 422, "charges.prices"),
    (changed(taxes=[{"percent": "1"}] * 101), 422, "taxes"),
    (changed(time_zone="Mars/Base"), 422, "time_zone"),
    (changed(period={"start_date": "2026-11-30", "end_date": "2026-11-01"}), 422, "period.end_date"),
    (changed(period={"start_date": "1000-01-01", "end_date": "2026-11-01"}), 422, "period.start_date"),
    (changed(period={"start_date": "2000-01-01", "end_date": "2026-11-01"}), 422, "period.end_date"),
    (changed(period=None, cycle={"start_date": "2000-01-01", "until": "2026-11-01"}), 422, "cycle.until"),
    ({"account": "nobody"}, 404, "account"),
    ({"account": 1}, 422, "account"),
    ({"account": "acme", "charges": []}, 422, "charges"),
]


@pytest.mark.parametrize(("body", "status", "field"), WRONG)
def test_what_is_wrong_is_named(ask, body: Any, status: int, field: str) -> None:
    answer = ask(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.content
    (error,) = answer.json()["errors"]
    assert error["field"] == field, error
    assert error["message"] and error["fix"]


def test_only_those_who_read_invoices_and_only_by_post(world: World, ask) -> None:
    for who in ("mia", "chen", "sal", "uma", "audra"):
        assert signed_in(world.people[who]).post(ADDRESS, QUOTE, "application/json").status_code == 200, who
    for who in ("noel", "pat"):
        assert signed_in(world.people[who]).post(ADDRESS, QUOTE, "application/json").status_code == 403, who
    narrow = Api(token(world.eli, world.live, "events:write", name="narrow"))
    assert narrow.post("/quotes", QUOTE).status_code == 403
    assert Client().post(ADDRESS, QUOTE, "application/json").status_code == 401
    assert signed_in(world.mia).get(ADDRESS).status_code == 405
    assert ask(QUOTE, content_type="text/plain").status_code == 415


# -- an account's own terms


def test_an_account_is_rated_like_its_invoice(world: World, terms: Priced, ask) -> None:
    billed = draft(terms.acme)
    october = {"start_date": "2026-10-01", "end_date": "2026-10-31"}
    found = ask({"account": "acme", "period": october}).json()
    (invoice,) = found["invoices"]
    assert invoice["period"] == october
    assert (found["currency"], found["net"], found["tax"], found["total"]) == ("EUR", "108.50", "20.62", "129.12")
    assert [line["amount"] for line in invoice["lines"]] == [f"{each.amount:.2f}" for each in billed.lines.all()]
    assert f"{billed.total:.2f}" == "129.12"


def test_without_a_period_it_is_the_last_closed_one(world: World, terms: Priced, ask) -> None:
    found = ask({"account": "acme"})
    assert found.status_code == 200, found.content
    days = found.json()["invoices"][0]["period"]
    assert days["start_date"].endswith("-01") and days["end_date"][:7] == days["start_date"][:7]


def test_other_usage_can_be_tried(world: World, terms: Priced, ask) -> None:
    body = {"account": "acme", "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"}}
    said = [{"charge": "inference", "quantity": "62000000", "dimensions": {"model": "gpt-4o", "token_type": "input"}}]
    found = ask(body | {"usage": said}).json()
    assert found["net"] == "155.00", found
    assert ask(body | {"usage": []}).json()["net"] == "0.00"
    wrong = ask(body | {"usage": [{"charge": "tokens", "quantity": "1"}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "usage[0].charge")
    wrong = ask(body | {"usage": [said[0] | {"dimensions": {"modle": "x"}}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "usage[0].dimensions")


def test_nobody_rates_an_account_that_he_does_not_see(world: World, terms: Priced) -> None:
    body = {"account": "globex", "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"}}
    assert signed_in(world.sal).post(ADDRESS, body, "application/json").status_code == 404
    assert signed_in(world.uma).post(ADDRESS, body, "application/json").json()["currency"] == "JPY"
    assert signed_in(world.sal).post(ADDRESS, body | {"account": "acme"}, "application/json").status_code == 200
    foreign = body | {"account": "acme", "contract": terms.globex.key}
    assert signed_in(world.uma).post(ADDRESS, foreign, "application/json").status_code == 404
    sandbox = Api(token(world.rosa, world.sandbox, "invoices:read", name="sandbox"))
    assert sandbox.post("/quotes", body).status_code == 404


def test_nothing_is_saved_and_few_questions_are_asked(world: World, terms: Priced, ask) -> None:
    before = AuditEntry.objects.count(), Invoice.objects.count()
    ask({"account": "acme", "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"}})
    with CaptureQueriesContext(connection) as seen:
        ask(QUOTE)
    assert len(seen) <= 4, [each["sql"] for each in seen]
    with CaptureQueriesContext(connection) as seen:
        ask({"account": "acme", "period": {"start_date": "2026-10-01", "end_date": "2026-10-31"}})
    assert len(seen) <= 20, [each["sql"] for each in seen]
    assert not any(each["sql"].startswith(("INSERT", 'UPDATE "b', "DELETE")) for each in seen)
    assert (AuditEntry.objects.count(), Invoice.objects.count()) == before
