"""Seats are sold from the middle of a month: one drafts the amendment, another approves, the draft invoice follows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from billing.actions.upkeep import refresh_stale
from catalog.actions import agreed
from catalog.models import Amendment, Contract, Product
from tests import agreements, amending, make, priced
from tests.journeys.test_console_pages import LOOKS, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
D = make.Decimal


@pytest.fixture
def signed(world: make.World) -> Iterator[Contract]:
    """Acme pays for 10 seats at 30 a month; November's invoice is drafted."""
    with time_machine.travel(NOW):
        priced.list_card(world)
        fee = {
            "key": "seats",
            "name": "Seats",
            "unit_price": D(30),
            "quantity": D(10),
            "product": Product.objects.get(),
        }
        contract = agreements.contract(world, (agreed.add_recurring, fee))
        priced.draft(contract, NOW, period=NOW)
        yield contract


def test_seats_are_sold_from_the_middle_of_a_month(page: Page, signed: Contract) -> None:
    invoice = signed.invoices.get()
    assert invoice.net == 300
    sign_in(page, "chen")
    page.goto(f"/console/contracts/{signed.pk}/")
    page.get_by_role("link", name="Upsell").click()
    page.get_by_label("Takes effect on").fill("2026-11-16")
    page.get_by_label("Why").fill("Five more people")
    page.get_by_label("Change the quantity of").select_option(label="Seats")
    page.get_by_label("New quantity").fill("15")
    page.get_by_role("button", name="Draft amendment").click()
    difference = page.locator("#difference")
    expect(difference).to_contain_text("Quantity of Seats from 16 Nov 2026")
    expect(difference).to_contain_text("50 %")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()

    sign_in(page, "rosa")
    amendment = Amendment.objects.get()
    page.goto(f"/console/amendments/{amendment.pk}/")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
    refresh_stale(at=NOW)
    page.goto(f"/console/invoices/{invoice.pk}/")
    # 10 seats for 15 days and 15 for the other 15: 10 × 30 × 15 ÷ 30 + 15 × 30 × 15 ÷ 30
    expect(page.get_by_text("375.00").first).to_be_visible()
    invoice.refresh_from_db()
    assert invoice.net == D("375.00")


def test_pages_of_amendments_are_accessible_and_fit_their_screen(
    page: Page, world: make.World, signed: Contract
) -> None:
    amendment = amending.draft(
        world, signed, date(2026, 11, 25), at=NOW, kind="RENEWAL", end_date=date(2027, 11, 24), net_days=45,
        quantities=[{"key": "seats", "quantity": D(12)}],
        adds=[("bound", {"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": D(250)})],
    )  # fmt: skip
    sign_in(page, "chen")
    addresses = (
        f"/console/contracts/{signed.pk}/", f"/console/contracts/{signed.pk}/amend/?kind=UPSELL",
        f"/console/amendments/{amendment.pk}/", f"/console/contracts/{signed.pk}/timeline/",
    )  # fmt: skip
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for address in addresses:
            page.goto(address)
            found = Axe().run(page).response["violations"]
            assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
