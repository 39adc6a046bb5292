"""The API of dues: works, wrong method, not mine, not allowed and nothing changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.actions import documents
from billing.models import Invoice, Payment
from monetization.foundation.models import User
from tests.make import Api, World, token
from tests.priced import NOVEMBER_5, OCTOBER, Priced, draft, event, issued, october, priced, reviewed, use


@pytest.fixture
def terms(world: World) -> Priced:
    made = priced(world)
    use(world, october())
    return made


def api(world: World, who: User | None = None, *scopes: str) -> Api:
    return Api(token(who or world.rosa, world.live, *scopes))


def refusal(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["errors"][0]["field"]


def test_an_invoice_goes_through_its_life(world: World, terms: Priced) -> None:
    finn, rosa = api(world, world.finn), api(world)
    made = finn.post("/invoices", {"contract": terms.acme.key, "at": "2026-10-05T00:00:00Z"})
    assert made.status_code == 200, made.content
    one = f"/invoices/{made.json()['id']}"
    assert made.json() | {"status": "DRAFT", "net": "108.50", "tax": "20.62", "total": "129.12"} == made.json()
    assert finn.post(f"{one}/refresh").json()["status"] == "DRAFT"
    seen = finn.post(f"{one}/review").json()["content_digest"]
    assert refusal(finn.post(f"{one}/approve", {"seen": seen}))[0] == 403  # he prepared it
    assert refusal(rosa.post(f"{one}/approve", {"seen": "00" * 32})) == (409, None)
    assert rosa.post(f"{one}/approve", {"seen": seen}).json()["status"] == "APPROVED"
    assert rosa.post(f"{one}/issue").json()["number"] == "TG-2026-000001"
    paid = finn.post(f"{one}/payments", {"amount": "129.12", "currency": "EUR", "received_date": "2026-11-04",
                                         "reference": "bank-1"})  # fmt: skip
    assert (paid.status_code, paid.json()["amount"]) == (201, "129.12")
    assert finn.get(one).json()["status"] == "PAID"
    assert [row["reference"] for row in finn.get(f"{one}/payments").json()["results"]] == ["bank-1"]


def test_sent_back_it_is_a_draft(world: World, terms: Priced) -> None:
    path, call = f"/invoices/{reviewed(world, terms.acme).pk}/send-back", api(world)
    assert refusal(call.post(path, {})) == (422, "reason")
    assert call.post(path, {"reason": "late usage"}).json()["status"] == "DRAFT"
    assert refusal(call.post(path, {"reason": "again"})) == (409, "status")


def test_lists_are_filtered_and_bounded(world: World, terms: Priced) -> None:
    for contract in (terms.acme, terms.globex):
        for month in range(3):
            draft(contract, NOVEMBER_5 + timedelta(days=90), period=OCTOBER + timedelta(days=9 + 31 * month))
    call = api(world)
    call.get("/invoices")
    with CaptureQueriesContext(connection) as few:
        assert len(call.get("/invoices").json()["results"]) == 6
    assert len(few) <= 6, [query["sql"] for query in few]
    assert len(call.get("/invoices", account="globex").json()["results"]) == 3
    assert call.get("/invoices", status="PAID").json()["results"] == []
    page = call.get("/invoices", limit=4).json()
    assert (len(page["results"]), bool(page["next"])) == (4, True)


def test_lines_lead_to_usage_and_events(world: World, terms: Priced) -> None:
    one = f"/invoices/{reviewed(world, terms.acme).pk}"
    call = api(world)
    call.get(f"{one}/lines")
    with CaptureQueriesContext(connection) as few:
        rows = call.get(f"{one}/lines").json()["results"]
    assert len(few) <= 8
    assert [(row["position"], row["description"], row["quantity"], row["amount"]) for row in rows] == [
        (1, "gpt-4o · output", "3.1", "31.00"), (2, "gpt-4o · input", "31", "77.50"),
    ]  # fmt: skip
    with CaptureQueriesContext(connection) as few:
        line = call.get(f"{one}/lines/1").json()
    assert len(few) <= 12
    assert line["used"] == [{"dims": {"model": "gpt-4o", "token_type": "output"}, "quantity": "3100000", "events": 31}]
    assert (len(line["hours"]), len(line["evidence"])) == (31, 64)
    assert line["hours"][0] == {"hour": "2026-10-01T12:00:00Z", "quantity": "100000", "events": 1}
    page = call.get(f"{one}/lines/1/events", limit=20).json()
    rest = call.get(f"{one}/lines/1/events", limit=20, after=page["next"]).json()
    assert [len(page["events"]), len(rest["events"]), rest["next"]] == [20, 11, None]
    assert len({row["id"] for row in page["events"] + rest["events"]}) == 31
    assert page["events"][0]["data"] == {"model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 100_000}
    for query, field in (({"after": "%%"}, "after"), ({"used": "1"}, "used"), ({"limit": "-1"}, "limit")):
        assert refusal(call.get(f"{one}/lines/1/events", **query)) == (422, field)
    assert call.get(f"{one}/lines/3").status_code == 404


@pytest.mark.pdf
def test_the_document_is_downloaded_as_it_was_made(world: World, terms: Priced, pango: None) -> None:
    call = api(world)
    invoice = issued(world, terms.acme)
    one = f"/invoices/{invoice.pk}/pdf"
    assert call.get(one).status_code == 409
    documents.make(invoice.documents.get().pk, NOVEMBER_5)
    answer = call.get(one)
    body = b"".join(answer.streaming_content)
    assert (answer.status_code, body[:5]) == (200, b"%PDF-")
    assert answer["Content-Disposition"] == 'attachment; filename="TG-2026-000001.pdf"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert call.get(f"/invoices/{draft(terms.globex).pk}/pdf").status_code == 404


POSTS = ("refresh", "review", "approve", "issue", "send-back", "payments")
GETS = ("", "/lines", "/lines/1", "/lines/1/events", "/pdf", "/payments")


def test_wrong_methods_are_named(world: World, terms: Priced) -> None:
    one, call = f"/invoices/{draft(terms.acme).pk}", api(world)
    for path in POSTS[:-1]:
        assert call.get(f"{one}/{path}").status_code == 405
    for path in GETS[:-1]:
        assert call.post(f"{one}{path}").status_code == 405


def test_another_environment_and_unseen_customers_are_not_there(world: World, terms: Priced) -> None:
    one, other = f"/invoices/{draft(terms.acme).pk}", f"/invoices/{draft(terms.globex).pk}"
    sandbox = Api(token(world.rosa, world.sandbox))
    for path in GETS:
        assert sandbox.get(f"{one}{path}").status_code == 404
    for path in POSTS:
        assert sandbox.post(f"{one}/{path}", {}).status_code == 404
    sales = api(world, world.sal)  # sees acme only
    assert sales.get(one).status_code == 200
    assert sales.get(other).status_code == 404
    assert [row["account"] for row in sales.get("/invoices").json()["results"]] == ["acme"]
    body = {"contract": terms.acme.key, "at": "2026-10-05T00:00:00Z"}
    assert refusal(sandbox.post("/invoices", body)) == (404, "contract")


def test_who_may_not_changes_nothing(world: World, terms: Priced) -> None:
    invoice = reviewed(world, terms.acme)
    seen = bytes(invoice.content_digest or b"").hex()
    posts = {"review": {}, "approve": {"seen": seen}, "issue": {}, "send-back": {"reason": "no"}, "refresh": {}}
    for name in ("mia", "chen", "noel", "audra", "eli", "sal", "pat"):
        call = Api(token(getattr(world, name), world.live, name=name))
        for path, body in (posts | {"payments": {}}).items():
            assert call.post(f"/invoices/{invoice.pk}/{path}", body).status_code == 403, (name, path)
        draft_it = {"contract": terms.acme.key, "at": "2026-10-05T00:00:00Z"}
        assert call.post("/invoices", draft_it).status_code == 403
    assert Invoice.objects.get(pk=invoice.pk).revision == invoice.revision


def test_a_reading_key_reads_only(world: World, terms: Priced) -> None:
    call = api(world, None, "invoices:read")
    one = f"/invoices/{draft(terms.acme).pk}"
    assert call.get(one).status_code == 200
    assert call.post(f"{one}/review").status_code == 403
    assert call.get(f"{one}/lines/1/events").status_code == 403
    assert Api("mk_live_none_x").get(one).status_code == 401


def test_a_repeated_payment_is_one_payment(world: World, terms: Priced) -> None:
    invoice = issued(world, terms.acme)
    call, path = api(world), f"/invoices/{invoice.pk}/payments"
    body = {"amount": 29.12, "currency": "EUR", "received_date": "2026-11-04", "reference": "bank-1"}
    first, again = call.post(path, body, key="one"), call.post(path, body, key="one")
    assert (first.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    assert Payment.objects.count() == 1
    assert call.post(path, body | {"amount": 30}, key="one").status_code == 422


WRONG: tuple[tuple[str, Any], ...] = (
    ("amount", "NaN"),
    ("amount", True),
    ("amount", "1e99"),
    ("amount", "130"),
    ("amount", None),
    ("currency", "euro"),
    ("received_date", "soon"),
    ("reference", ""),
    ("amounts", "1"),
)


def test_wrong_payments_name_the_field(world: World, terms: Priced) -> None:
    path, call = f"/invoices/{issued(world, terms.acme).pk}/payments", api(world)
    body = {"amount": "5.00", "currency": "EUR", "received_date": "2026-11-04", "reference": "bank-1"}
    for field, wrong in WRONG:
        assert refusal(call.post(path, body | {field: wrong})) == (422, field)
    assert not Payment.objects.exists()


def test_a_period_to_come_is_not_drafted(world: World, terms: Priced) -> None:
    body = {"contract": terms.acme.key, "at": "2999-01-01T00:00:00Z"}
    assert refusal(api(world).post("/invoices", body)) == (422, "at")
    assert refusal(api(world).post("/invoices", body | {"at": "2020-01-01T00:00:00Z"})) == (404, "at")
    assert not Invoice.objects.exists()


def test_usage_that_came_meanwhile_is_in_the_next_answer(world: World, terms: Priced) -> None:
    one, call = f"/invoices/{draft(terms.acme).pk}", api(world)
    use(world, [event("acme", OCTOBER + timedelta(days=2), output=1_000_000)])
    assert call.post(f"{one}/refresh").json()["net"] == "118.50"
