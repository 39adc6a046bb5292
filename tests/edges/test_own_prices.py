"""A contract's own prices, multipliers and coupons by API and in the console: added, shown, refused, removed."""

from datetime import date
from typing import Any

import pytest

from catalog.actions import contracts
from catalog.models import AgreedDiscount, Contract, OverrideTier, PriceMultiplier, PriceOverride
from tests import deals, make
from tests.make import World

START = "2026-02-10"


@pytest.fixture
def draft(world: World) -> Contract:
    first = deals.list_prices(world)
    return deals.draft_contract(world, world.acme, first.rate_card, anchor="first")


@pytest.fixture
def call(world: World, client: Any) -> Any:
    """Call the contract's address of the API as chen."""
    head = {"authorization": f"Bearer {make.token(world.chen, world.live)}"}

    def ask(method: str, path: str, body: Any = None) -> Any:
        more = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(client, method)(f"/api/v1/contracts/acme-2026/{path}", headers=head, **more)

    return ask


def test_prices_are_added_listed_compared_and_removed(draft: Contract, call: Any) -> None:
    tiers = [{"up_to": "5", "unit_price": "2", "flat_fee": "1"}, {"up_to": None, "unit_price": "1.5"}]
    said = {"key": "gpt", "name": "GPT", "product": "inference", "match": {"model": "gpt-4o"}, "start_date": START}
    made = call("post", "overrides", said | {"model": "GRADUATED", "tiers": tiers})
    assert made.status_code == 201, made.content
    assert made.json()["tiers"] == [
        {"up_to": "5", "unit_price": "2", "flat_fee": "1"}, {"up_to": None, "unit_price": "1.5", "flat_fee": "0"},
    ]  # fmt: skip
    factor = {"key": "less", "name": "Less", "factor": "0.82", "match": {"model": "claude"}}
    assert call("post", "multipliers", factor).status_code == 201
    assert [each["start_date"] for each in call("get", "overrides").json()] == [START]
    assert [each["factor"] for each in call("get", "multipliers").json()] == ["0.82"]
    shown = call("get", "prices").json()
    assert shown["count"] == 5  # four of the list, and one for any usage of gpt-4o
    percents = {tuple(each["match"].values()): each["discount_percent"] for each in shown["prices"]}
    assert percents["claude", "input"] == percents["claude", "output"] == "18"
    assert [call("delete", "overrides/gpt").status_code, call("delete", "multipliers/less").status_code] == [204, 204]
    assert not (PriceOverride.objects.exists() or OverrideTier.objects.exists() or PriceMultiplier.objects.exists())


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("overrides", {"model": "GRADUATED", "tiers": [{"up_to": "5"}]}, "tiers[0].up_to"),
        ("overrides", {"model": "PACKAGE", "package_size": "-5", "package_price": "1"}, "package_size"),
        ("overrides", {"unit_price": "-1"}, "unit_price"),
        ("overrides", {"unit_price": "1", "match": {"colour": "red"}}, "match.colour"),
        ("overrides", {"unit_price": "1", "end_date": "2025-01-01"}, "end_date"),
        ("multipliers", {"factor": "-1"}, "factor"),
        ("multipliers", {"factor": "0.5", "match": {"model": "unheard-of"}}, "match"),
        ("multipliers", {"factor": "0.5", "tags": ["unheard-of"]}, "tags"),
        ("discounts", {"percent": "5", "carry_rest": True}, "carry_rest"),
        ("discounts", {"percent": "5", "periods": 0}, "periods"),
    ],
)
def test_what_is_wrong_is_refused_at_its_field(
    draft: Contract, call: Any, path: str, body: dict[str, Any], field: str
) -> None:
    product = {"product": "inference"} if path == "overrides" else {}
    answer = call("post", path, {"key": "new", "name": "New", **product, **body})
    assert answer.status_code in (400, 422), answer.content
    assert field in answer.content.decode()
    assert not (PriceOverride.objects.exists() or PriceMultiplier.objects.exists() or AgreedDiscount.objects.exists())


def test_a_form_adds_a_price_and_the_page_shows_it_beside_the_list(draft: Contract, world: World, client: Any) -> None:
    client.force_login(world.chen)
    at = f"/console/contracts/{draft.pk}/parts/override/new/"
    form = client.get(at).content.decode()
    assert 'name="dimension_model"' in form and 'name="unit_price"' in form
    said = {
        "product": "inference", "key": "gpt", "name": "GPT in", "model": "PER_UNIT", "unit_price": "2",
        "dimension_model": "gpt-4o", "dimension_token_type": "input",
    }  # fmt: skip
    refused = client.post(at, said | {"unit_price": "-2"})
    assert refused.status_code == 422 and "negative" in refused.content.decode()
    assert client.post(at, said).status_code == 302
    assert client.post(f"/console/contracts/{draft.pk}/parts/override/gpt/remove/").status_code == 302
    assert not PriceOverride.objects.exists()
    assert client.post(at, said).status_code == 302
    page = submitted(draft, world, client)
    assert "Prices of its own" in page and "2.50 per 1M tokens" in page and "2.00 per 1M tokens" in page


def submitted(draft: Contract, world: World, client: Any) -> str:
    """Submit the draft, and give its page."""
    contracts.submit(contract=draft, reason="Signed", by=world.chen, at=make.AT)
    return str(client.get(f"/console/contracts/{draft.pk}/").content.decode())


def test_forms_add_a_multiplier_and_a_coupon(draft: Contract, world: World, client: Any) -> None:
    client.force_login(world.chen)
    at = f"/console/contracts/{draft.pk}/parts"
    wrong = client.post(f"{at}/multiplier/new/", {"key": "x", "name": "X", "factor": "0.8", "match": "gpt-4o"})
    assert wrong.status_code == 422 and "Write it like model: gpt-4o" in wrong.content.decode()
    said = {"key": "x", "name": "X", "factor": "0.8", "match": "model: gpt-4o, token_type: input", "priority": "1"}
    assert client.post(f"{at}/multiplier/new/", said | {"start_date": START}).status_code == 302
    made = PriceMultiplier.objects.get()
    assert (made.match, made.start_date) == ({"model": "gpt-4o", "token_type": "input"}, date(2026, 2, 10))
    coupon = {"key": "once", "name": "Once", "amount": "50", "periods": "1", "carry_rest": "yes"}
    assert client.post(f"{at}/discount/new/", coupon).status_code == 302
    assert (AgreedDiscount.objects.get().periods, AgreedDiscount.objects.get().carry_rest) == (1, True)
    page = submitted(draft, world, client)
    assert "× 0.8" in page and "−50 a period, once, the rest later" in page
