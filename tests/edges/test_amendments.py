"""Amendments over HTTP: pages and API of one from its draft to its approval; whoever may not amend changes nothing."""

from datetime import date
from decimal import Decimal

from catalog.actions import agreed
from catalog.models import Amendment, Contract, Product
from tests import agreements, deals, make, priced
from tests.make import AT, Api, World, signed_in

SEATS = {"key": "seats", "name": "Seats", "unit_price": Decimal(30), "quantity": Decimal(10)}


def signed(world: World) -> Contract:
    priced.list_card(world)
    return agreements.contract(world, (agreed.add_recurring, SEATS | {"product": Product.objects.get()}))


def test_an_amendment_over_the_api(world: World) -> None:
    contract = signed(world)
    api = Api(make.token(world.chen, world.live))
    here = f"/contracts/{contract.key}/amendments"
    body = {
        "kind": "UPSELL", "effective_date": "2026-11-16", "reason": "Growth", "net_days": 45,
        "quantities": [{"key": "seats", "quantity": "15"}],
        "recurring_charges": [{"key": "care", "name": "Care", "product": "inference", "unit_price": "60"}],
        "overrides": [{"key": "own", "name": "Own", "product": "inference", "unit_price": "1",
                       "match": {"model": "gpt-4o", "token_type": "input"}}],
        "ends": [{"part": "recurring", "key": "seats", "last_date": "2026-12-31"}],
    }  # fmt: skip
    made = api.post(here, body)
    assert made.status_code == 201, made.content
    found = made.json()
    assert (found["number"], found["status"], found["quantities"][0]["quantity"]) == (1, "DRAFT", "15")
    assert (found["recurring_charges"][0]["start_date"], found["ends"][0]["part"]) == ("2026-11-16", "recurring")
    assert [each["number"] for each in api.get(here).json()["results"]] == [1]
    assert api.post(f"{here}/1/submit", {"reason": "Signed"}).status_code == 200
    assert api.post(f"{here}/1/discard").status_code == 409
    refused = api.post(here, body | {"effective_date": "2025-01-01"})
    assert refused.status_code == 422
    assert "effective_date" in refused.content.decode()
    reader = Api(make.token(world.chen, world.live, "catalog:read", name="reads"))
    assert reader.post(here, body).status_code == 403
    assert Amendment.objects.count() == 1


def test_an_amendment_on_its_pages(world: World) -> None:
    contract = signed(world)
    chen, rosa, noel = (signed_in(each) for each in (world.chen, world.rosa, world.noel))
    new = f"/console/contracts/{contract.pk}/amend/"
    assert chen.get(new + "?kind=UPSELL").status_code == 200
    bad = chen.post(new, {"kind": "UPSELL", "effective_date": "2020-01-01", "charge": "seats", "quantity": "15"})
    assert bad.status_code == 422
    assert "serve 2020-01-01" in bad.content.decode()
    typed = {"kind": "UPSELL", "effective_date": "2026-11-16", "reason": "Growth", "charge": "seats", "quantity": "15"}
    assert noel.post(new, typed).status_code in (403, 404)
    assert not Amendment.objects.exists()
    assert chen.post(new, typed).status_code == 302
    amendment = Amendment.objects.get()
    here = f"/console/amendments/{amendment.pk}/"
    part = {"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": "100"}
    assert chen.get(f"{here}parts/bound/new/").status_code == 200
    assert chen.post(f"{here}parts/bound/new/", part).status_code == 302
    shown = chen.get(here).content.decode()
    assert "Quantity of Seats from 16 Nov 2026" in shown
    assert "Floor" in shown
    assert chen.post(f"{here}submit/").status_code == 302
    amendment.refresh_from_db()
    assert amendment.request is not None
    deals.approve(amendment.request, world.rosa, at=AT)
    for address in (here, f"/console/contracts/{contract.pk}/", f"/console/contracts/{contract.pk}/?on=2026-12-01",
                    f"/console/contracts/{contract.pk}/timeline/"):  # fmt: skip
        assert rosa.get(address).status_code == 200, address
    assert "Floor" in rosa.get(f"/console/contracts/{contract.pk}/?on=2026-12-01").content.decode()
    parts = rosa.get(f"/console/contracts/{contract.pk}/?on=2026-11-01").content.decode().split('id="parts"')[1]
    assert "Floor" not in parts.split("</section>")[0]
    assert date(2026, 11, 16) == amendment.effective_date
