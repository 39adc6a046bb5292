"""The pages of prices without a browser: choosing a model, trying numbers, saving; how a product counts."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Charge, PriceRow, RateCardVersion
from catalog.queries.cards import terms_of
from catalog.rules.drafts import ChargeTerms, Cut
from tests import deals
from tests.make import World, signed_in

HTMX = {"hx-request": "true"}
VOLUME = {
    "model": "VOLUME", "tier_up_to": ["1000", "", ""], "tier_unit_price": ["4", "3", ""],
    "tier_flat_fee": ["", "", ""], "tier_block_size": ["", "", ""],
}  # fmt: skip


@pytest.fixture
def draft(world: World) -> RateCardVersion:
    deals.metric(world)
    deals.product(world)
    return deals.version(world, deals.card(world))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_chosen_model_shows_its_fields_and_what_it_says_and_saves_nothing(
    world: World, draft: RateCardVersion
) -> None:
    mia, price = signed_in(world.mia), PriceRow.objects.filter(charge__version=draft).earliest("pk")
    path = f"/console/rate-cards/prices/{price.pk}/"
    chosen = text(mia.post(path, VOLUME | {"choose": "1"}, headers=HTMX))
    assert 'name="tier_block_size"' in chosen and 'name="retroactive"' in chosen and "<html" not in chosen
    tried = text(mia.post(path, VOLUME | {"try": "1"}, headers=HTMX))
    assert "all units at 4.00 up to 1,000, 3.00 above" in tried and "<select" not in tried
    assert "One more unit than 1,000 costs less in total" in tried
    assert "<html" in text(mia.post(path, VOLUME | {"choose": "1"}))
    assert "cost" not in text(mia.post(path, {"model": "PACKAGE", "package_size": "x", "try": "1"}, headers=HTMX))
    price.refresh_from_db()
    assert price.model == "PER_UNIT"
    wrong = mia.post(path, VOLUME | {"tier_up_to": ["x", "", ""]}, headers=HTMX)
    assert wrong.status_code == 422 and "“x” is not a number" in text(wrong)
    assert mia.post(path, VOLUME).status_code == 302
    price.refresh_from_db()
    assert (price.model, price.tiers.count()) == ("VOLUME", 2)
    version = f"/console/rate-cards/versions/{draft.pk}/"
    shown = text(mia.get(version))
    assert "all units at 4.00 up to 1,000, 3.00 above" in shown and "costs less in total" in shown
    assert "all units at 4.00" in text(mia.get(f"{version}?format=csv"))
    added = {"charge": draft.charges.get().pk, "currency": "EUR", "dimension_model": "new", "model": "TIERED_FLAT",
             "tier_up_to": [""], "tier_flat_fee": ["9"]}  # fmt: skip
    assert "9.00 flat" in text(mia.post(f"{version}add/", added | {"try": "1"}, headers=HTMX))
    assert mia.post(f"{version}add/", added).status_code == 302
    assert PriceRow.objects.get(match={"model": "new"}).model == "TIERED_FLAT"


def test_how_a_product_counts(world: World, draft: RateCardVersion) -> None:
    mia, charge = signed_in(world.mia), draft.charges.get()
    path = f"/console/rate-cards/charges/{charge.pk}/"
    assert "How Model inference counts" in text(mia.get(path))
    said = {"free_units": "12.5", "cut": "by_time", "tier_by": ["model"], "highest_of": "top", "rounds_as_one": "yes",
            "tier_reset": "lifetime"}  # fmt: skip
    assert mia.post(path, said).status_code == 302
    terms = terms_of(Charge.objects.get(pk=charge.pk))
    assert (terms.free_units, terms.cut, terms.tier_by) == (Decimal("12.5"), Cut.BY_TIME, ("model",))
    assert terms.tier_reset == "lifetime"
    assert '<option value="lifetime" selected>Never</option>' in mia.get(path).content.decode()
    for wrong in ({"free_units": "many"}, {"free_units": "-1"}, {"tier_by": ["nothing"]}):
        assert mia.post(path, said | wrong).status_code == 422
    assert signed_in(world.noel).post(path, {}).status_code in (403, 404)
    assert signed_in(world.finn).post(path, {}).status_code == 403
    assert terms_of(Charge.objects.get(pk=charge.pk)) == terms != ChargeTerms()
