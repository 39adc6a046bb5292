"""The calculator in the console: works, wrong method, not allowed; whose terms nobody else sees; nothing stays."""

import json
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.calculator.examples import EXAMPLES
from billing.models import Invoice
from monetization.foundation.models import AuditEntry
from tests.make import World, signed_in
from tests.priced import Priced, october, priced, use

PAGE = "/console/calculator/"
FORM = {
    "currency": "EUR", "period.start_date": "2026-11-01", "period.end_date": "2026-11-30",
    "charges[0].key": "tokens", "charges[0].name": "Tokens", "charges[0].model": "GRADUATED",
    "charges[0].used": "16.2", "charges[0].free_units": "1",
    "charges[0].prices[0].tiers[0].up_to": "10", "charges[0].prices[0].tiers[0].unit_price": "2.50",
    "charges[0].prices[0].tiers[1].unit_price": "1.75", "charges[0].prices[0].unit_price": "99",
    "charges[1].key": "seats", "charges[1].name": "Seats", "charges[1].model": "recurring",
    "charges[1].unit_price": "20", "charges[1].quantity": "3",
    "instruments[0].id": "balance", "instruments[0].kind": "credit", "instruments[0].balance": "25",
    "discounts[0].id": "discount", "taxes[0].percent": "19",
}  # fmt: skip
HTMX = {"headers": {"hx-request": "true", "hx-target": "answer"}}


@pytest.fixture
def mia_in(world: World) -> Client:
    return signed_in(world.mia)


@pytest.fixture
def terms(world: World) -> Priced:
    made = priced(world)
    use(world, [*october(), *october("globex", input=5_000_000)])
    return made


def text(answer) -> str:
    return unescape(answer.content.decode())


def test_it_starts_with_an_answered_example(mia_in: Client) -> None:
    answer = mia_in.get(PAGE)
    page = text(answer)
    assert answer.status_code == 200
    assert "Input tokens" in page and "101 to 1,000" not in page and "100 to 1,000" in page
    assert "Launch discount" in page and "Credit welcome" in page and "Tax 19 %" in page
    assert 'value="Calculator"' not in page and ">Calculator<" in page
    for name, (title, _) in EXAMPLES.items():
        other = mia_in.get(PAGE, {"example": name})
        assert other.status_code == 200 and "This can't be rated" not in text(other), title


def test_a_form_is_rated_like_its_body(mia_in: Client) -> None:
    page = text(mia_in.post(PAGE, FORM, **HTMX))
    assert "<form" not in page, "only the answer"
    assert "82.23" in page and "69.10" in page and "-25.00" in page.replace("−", "-")
    body = json.loads(page.partition('id="quote-json" tabindex="0">')[2].partition("</pre>")[0])
    assert body["charges"][0]["prices"] == [
        {"model": "GRADUATED", "tiers": [{"up_to": "10", "unit_price": "2.5"}, {"unit_price": "1.75"}]}
    ]
    assert "discounts" not in body
    asked = mia_in.post("/api/v1/quotes", body, "application/json").json()
    assert (asked["net"], asked["total"]) == ("69.10", "82.23")


def test_a_body_is_pasted_into_the_form_or_kept_as_text(mia_in: Client) -> None:
    body = {"currency": "CHF", "charges": [{"key": "api", "prices": [{"unit_price": "0.000000075"}]}],
            "usage": [{"charge": "api", "quantity": "15000000"}]}  # fmt: skip
    page = text(mia_in.post(PAGE, {"load": "1", "json": json.dumps(body)}))
    assert 'name="charges[0].prices[0].unit_price" value="0.000000075"' in page and "1.13" in page
    more = body | {"cycle": {"start_date": "2026-01-01", "until": "2026-03-31"}}
    page = text(mia_in.post(PAGE, {"load": "1", "json": json.dumps(more)}))
    assert "more than the form can hold" in page and "3 periods together" in page
    assert 'name="charges[0]' not in page


@pytest.mark.parametrize("wrong", ["{", "[]", '{"currency": "EUR"}', '{"currency": "XXX", "charges": []}', "\x00"])
def test_a_wrong_text_is_named_and_kept(mia_in: Client, wrong: str) -> None:
    answer = mia_in.post(PAGE, {"load": "1", "json": wrong})
    assert answer.status_code == 422
    assert "This can't be rated yet" in text(answer)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("charges[0].prices[0].tiers[0].up_to", "ten"),
        ("charges[0].used", "1e99999"),
        ("charges[1].unit_price", "2,50"),
        ("period.end_date", "2026-10-01"),
        ("taxes[0].percent", "NaN"),
        ("instruments[0].balance", "x"),
    ],
)
def test_a_wrong_field_is_named_beside_it_and_in_the_answer(mia_in: Client, name: str, wrong: str) -> None:
    answer = mia_in.post(PAGE, FORM | {name: wrong})
    page = text(answer)
    assert answer.status_code == 422
    assert f'href="#{name}"' in page and f'value="{wrong}"' in page
    assert page.count('class="field-error"') == 1


STRANGE = [
    {"charges[0]": "x", "charges[0].key": "y"}, {"charges[0].key[0]": "x"}, {"charges.a": "x"},
    {"charges[0].model": "no"},
    {"charges[999].key": "x"}, {"currency": ""}, {"charges[0].used.x": "1"}, {"charges[0].model.x": "1"},
    {"charges[0].prices": "1"}, {"period": "x"}, {"remove": "x"}, {"charges[0].prices[0].tiers[999].up_to": "1"},
    {"charges[0].transactions": "9" * 50, "charges[0].model": "PERCENTAGE", "charges[0].used": "1"},
    {"charges[x].y": "1"}, {"charges[" + "9" * 400 + "].key": "x"}, {"charges[²].key": "x"},
]  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("button", ["", "add", "remove"])
def test_whatever_is_sent_is_answered(mia_in: Client, strange: dict[str, str], button: str) -> None:
    sent = FORM | strange | ({button: "0"} if button else {})
    assert mia_in.post(PAGE, sent).status_code in (200, 422)


def test_charges_are_added_and_removed_without_a_script(mia_in: Client) -> None:
    page = text(mia_in.post(PAGE, FORM | {"add": "1"}))
    assert 'name="charges[2].name" value="New charge"' in page
    page = text(mia_in.post(PAGE, FORM | {"remove": "0"}))
    assert 'name="charges[0].name" value="Seats"' in page and "charges[1]" not in page


def test_an_account_is_rated_on_its_own_terms(world: World, terms: Priced, mia_in: Client) -> None:
    page = mia_in.get(PAGE)
    assert "Acme Robotics GmbH" in text(page) and "Globex KK" in text(page)
    answer = mia_in.get(PAGE, {"account": "acme"})
    assert answer.status_code == 200 and "on its own terms" in text(answer)
    assert '{"account": "acme"}' in text(answer).replace("\n", "").replace("  ", "")
    assert mia_in.get(PAGE, {"account": "nobody"}).status_code == 404


def test_sales_sees_its_own_customers_only(world: World, terms: Priced) -> None:
    sal = signed_in(world.sal)
    assert "Globex KK" not in text(sal.get(PAGE)) and "Acme Robotics" in text(sal.get(PAGE))
    assert sal.get(PAGE, {"account": "globex"}).status_code == 404


def test_only_staff_and_only_to_read(world: World) -> None:
    for who, status in (("noel", 403), ("pat", 302)):
        for method in ("get", "post"):
            assert getattr(signed_in(world.people[who]), method)(PAGE).status_code in (status, 404, 403), who
    assert Client().get(PAGE).status_code == 302
    assert signed_in(world.mia).put(PAGE).status_code == 405
    assert reverse("console:calculator") == PAGE


def test_nothing_is_saved_and_few_questions_are_asked(world: World, terms: Priced, mia_in: Client) -> None:
    before = AuditEntry.objects.count(), Invoice.objects.count()
    mia_in.get(PAGE, {"account": "acme"})
    for ask, most in (
        (lambda: mia_in.post(PAGE, FORM, **HTMX), 12),
        (lambda: mia_in.get(PAGE), 20),
        (lambda: mia_in.get(PAGE, {"account": "acme"}), 33),
    ):
        with CaptureQueriesContext(connection) as seen:
            assert ask().status_code == 200
        assert len(seen) <= most, [each["sql"][:120] for each in seen]
        assert not any(each["sql"].startswith(("INSERT", "UPDATE", "DELETE")) for each in seen)
    assert (AuditEntry.objects.count(), Invoice.objects.count()) == before
