"""An auditor in a real browser: what was paid on a day and who decided it, a history, the log, duties, access."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from catalog.models import RateCard
from monetization.foundation.actions import audit
from tests import deals, make
from tests.journeys.test_console_pages import LOOKS, sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def sold(world: make.World) -> Iterator[make.World]:
    """Sell to acme; the price of gpt-4o's input went from 2.50 to 3 on 1 October."""
    with time_machine.travel(NOW):
        deals.list_prices(world)
        card = RateCard.objects.get(key="list")
        deals.contract(world, world.acme, card, start_date=date(2026, 9, 1), anchor="first")
        rows = deals.prices((("gpt-4o", "input", "3"), *deals.PRICES[1:]), ("EUR", "USD"))
        deals.approved(world, deals.version(world, card, rows=rows, effective_date=date(2026, 10, 1)))
        audit.anchor(at=NOW)
        yield world


def test_an_auditor_finds_what_was_paid_and_who_decided(page: Page, sold: make.World) -> None:
    sign_in(page, "audra")
    page.goto(f"/console/accounts/{sold.acme.pk}/")
    page.get_by_role("link", name="Prices on a day").click()
    row = page.locator("tr", has_text="gpt-4o · input")
    expect(row).to_contain_text("3.00 per 1M tokens")
    page.get_by_label("On", exact=True).fill("2026-09-30")
    page.get_by_role("button", name="Look").click()
    expect(row).to_contain_text("2.50 per 1M tokens")
    expect(row).to_contain_text("Chen")
    row.get_by_role("link", name="list v1").click()
    expect(page.get_by_role("heading", name="List prices v1")).to_be_visible()
    page.get_by_role("link", name="History", exact=True).click()
    expect(page.locator(".timeline")).to_contain_text("approved as Head of monetization")


@pytest.mark.parametrize("width,theme", LOOKS)
def test_pages_of_auditors_are_accessible(page: Page, sold: make.World, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    sign_in(page, "audra")
    card = RateCard.objects.get(key="list")
    for address in (
        f"accounts/{sold.acme.pk}/prices/", f"history/rate-card/{card.pk}/", "audit/", "duties/", "access-review/",
    ):  # fmt: skip
        page.goto(f"/console/{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), address
        found = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
        assert not found, (address, found)
