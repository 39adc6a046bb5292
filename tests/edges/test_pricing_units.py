"""Pricing units by API and console: made, priced in, given a worth; bad input at its field; nobody else's."""

from typing import Any

import pytest

from catalog.models import PricingUnit, RateCardVersion, UnitRate
from tests import deals
from tests.edges.test_catalog_api import api, put, refused
from tests.make import World, signed_in

RATES = {"rates": [{"pricing_unit": "credits", "currency": "EUR", "rate": "0.013"}]}
VERSION = "/rate-cards/list/versions/1"
CONTENT = {
    "charges": [
        {"product": "inference", "metric": "llm-tokens", "pricing_unit": "credits",
         "prices": [{"match": {"model": "gpt-4o"}, "unit_price": "250"}, {"unit_price": "300"}]}
    ]
}  # fmt: skip


@pytest.fixture
def draft(world: World) -> RateCardVersion:
    deals.metric(world)
    deals.product(world)
    return deals.version(world, deals.card(world))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_card_is_priced_in_credits_by_the_api(world: World, draft: RateCardVersion) -> None:
    mia = api(world)
    made = mia.post("/pricing-units", {"key": "credits", "name": "Credits", "digits": 2})
    assert (made.status_code, made.json()["digits"]) == (201, 2)
    assert mia.patch("/pricing-units/credits", {"name": "Tidal credits"}).json()["name"] == "Tidal credits"
    assert [each["key"] for each in mia.get("/pricing-units").json()["results"]] == ["credits"]
    assert put(mia, f"{VERSION}/prices", CONTENT).json()["prices"] == 2
    assert put(mia, f"{VERSION}/unit-rates", RATES).json() == RATES == mia.get(f"{VERSION}/unit-rates").json()
    rows = mia.get(f"{VERSION}/prices").json()["results"]
    assert {(row["currency"], row["pricing_unit"]) for row in rows} == {("", "credits")}
    assert mia.get(f"{VERSION}/charges").json()["charges"][0]["pricing_unit"] == "credits"
    added = mia.post(f"{VERSION}/prices", {"product": "inference", "match": {"model": "new"}, "unit_price": "1"})
    assert (added.status_code, added.json()["pricing_unit"]) == (201, "credits")
    assert mia.post(f"{VERSION}/submit", {"reason": "Launch"}).status_code == 200
    assert refused(put(mia, f"{VERSION}/unit-rates", RATES))[0] == 409


def test_bad_input_is_named_and_changes_nothing(world: World, draft: RateCardVersion) -> None:
    mia = api(world)
    mia.post("/pricing-units", {"key": "credits", "name": "Credits"})
    good = RATES["rates"][0]
    for wrong, field in (
        ({"pricing_unit": "points"}, "rates[0].pricing_unit"), ({"currency": "XXX"}, "rates[0].currency"),
        ({"rate": "0"}, "rates[0].rate"), ({"rate": "-1"}, "rates[0].rate"),
    ):  # fmt: skip
        assert refused(put(mia, f"{VERSION}/unit-rates", {"rates": [good | wrong]})) == (422, [field])
    assert refused(put(mia, f"{VERSION}/unit-rates", {"rates": [good, good]})) == (422, ["rates[1].currency"])
    assert refused(put(mia, f"{VERSION}/unit-rates", {}))[0] == 422
    assert refused(mia.post("/pricing-units", {"key": "credits", "name": "Again"}))[0] in (409, 422)
    assert refused(mia.post("/pricing-units", {"key": "x", "name": "X", "digits": 19})) == (422, ["digits"])
    assert refused(put(mia, f"{VERSION}/charges/inference", {"pricing_unit": "credits"})) == (422, ["pricing_unit"])
    row = {"product": "inference", "match": {"model": "new"}, "unit_price": "1"}
    assert refused(mia.post(f"{VERSION}/prices", row)) == (422, ["currency"])
    mia.patch(VERSION, {"notes": "So far"})
    assert put(mia, f"{VERSION}/prices", CONTENT).status_code == 200
    assert refused(mia.post(f"{VERSION}/submit", {"reason": "Launch"})) == (422, ["unit_rates.credits"])
    assert not UnitRate.objects.exists()


def test_whoever_drafts_no_prices_makes_no_units_and_no_rates(world: World, draft: RateCardVersion) -> None:
    finn, other = api(world, world.finn), api(world, environment=world.sandbox)
    assert refused(finn.post("/pricing-units", {"key": "credits", "name": "Credits"}))[0] == 403
    assert refused(put(finn, f"{VERSION}/unit-rates", {"rates": []}))[0] == 403
    api(world).post("/pricing-units", {"key": "credits", "name": "Credits"})
    assert refused(other.get("/pricing-units/credits"))[0] == 404
    assert refused(put(other, f"{VERSION}/unit-rates", RATES))[0] == 404
    assert (PricingUnit.objects.count(), UnitRate.objects.count()) == (1, 0)


def test_the_console_makes_units_and_keeps_rates(world: World, draft: RateCardVersion) -> None:
    mia, page = signed_in(world.mia), f"/console/rate-cards/versions/{draft.pk}/"
    assert "Pricing units</h2>" not in text(mia.get(page))
    said = {"key": "credits", "name": "Credits", "digits": 2}
    assert mia.post("/console/catalog/pricingunit/add/", said).status_code == 302
    assert "Credits" in text(mia.get("/console/catalog/pricingunit/"))
    assert signed_in(world.finn).get("/console/catalog/pricingunit/add/").status_code == 403
    assert "1 credits =" in text(mia.get(page))
    typed = {"rate_unit": ["credits", "credits"], "rate_currency": ["eur", ""], "rate": ["0,013", ""]}
    wrong = mia.post(f"{page}unit-rates/", typed | {"rate": ["many", ""]})
    assert wrong.status_code == 422 and "many" in text(wrong)
    assert mia.post(f"{page}unit-rates/", typed | {"rate": ["0.013", ""]}).status_code == 302
    assert [str(each.rate.normalize()) for each in UnitRate.objects.all()] == ["0.013"]
    assert signed_in(world.finn).post(f"{page}unit-rates/", typed).status_code in (403, 422)
    assert UnitRate.objects.count() == 1
    draft.charges.get().prices.all().delete()
    counts = f"/console/rate-cards/charges/{draft.charges.get().pk}/"
    assert "Priced in" in text(mia.get(counts))
    assert mia.post(counts, {"pricing_unit": "credits"}).status_code == 302
    new = f"{page}add/?charge={draft.charges.get().pk}"
    assert "In Credits" in text(mia.get(new))
    row = {"charge": draft.charges.get().pk, "model": "PER_UNIT", "unit_price": "250"}
    assert mia.post(f"{page}add/", row).status_code == 302
    shown = text(mia.get(page))
    assert "<td>credits</td>" in shown and "250.00" in shown
    asked = mia.post(f"{page}submit/", {"reason": "Launch"})
    assert asked.status_code == 302
    assert "1 credits = 0.013 EUR" in text(mia.get(page))
