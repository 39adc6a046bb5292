"""RevOps builds a deal in one page, somebody else approves it, and its first invoices are right by hand."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from catalog.models import Contract
from tests import make, priced

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def made(world: make.World) -> Iterator[make.World]:
    with time_machine.travel(NOW):
        priced.priced(world, end_date=date(2026, 12, 31))
        priced.use(world, priced.october())
        yield world


def sign_in(page: Page, name: str) -> None:
    page.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


class Hand:
    """Somebody's hand: every click, fill and choice is counted."""

    def __init__(self) -> None:
        self.count = 0

    def click(self, what: Locator) -> None:
        self.count += 1
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.count += 1
        what.fill(text)

    def choose(self, what: Locator, **option: str) -> None:
        self.count += 1
        what.select_option(**option)


def test_revops_builds_a_deal(page: Page, made: make.World) -> None:
    sign_in(page, "chen")
    page.goto(f"/console/accounts/{made.acme.pk}/")
    hand = Hand()
    hand.click(page.get_by_role("link", name="Draft a contract"))
    hand.fill(page.get_by_label("First day"), "2027-01-01")
    hand.click(page.get_by_role("button", name="Start the deal"))
    hand.fill(page.get_by_role("form", name="Customer and dates").get_by_label("Last day"), "2028-12-31")
    hand.fill(page.get_by_label("Net days"), "45")
    hand.click(page.get_by_text("+ Percent off prices"))
    form = page.get_by_role("form", name="Percent off prices")
    hand.choose(form.get_by_label("Prices"), label="Model inference: gpt-4o · input")
    hand.fill(form.get_by_label("Percent off"), "18")
    hand.click(form.get_by_role("button", name="Add percent off prices"))
    expect(page.locator("#part-overrides")).to_contain_text("× 0.82")
    hand.click(page.get_by_text("+ Cap"))
    form = page.get_by_role("form", name="Cap")
    hand.fill(form.get_by_label("Amount"), "30000")
    hand.click(form.get_by_role("button", name="Add cap"))
    expect(page.locator("#part-bounds")).to_contain_text("30,000")
    expect(page.locator("#outlook")).to_contain_text("1–31 Jan 2027")
    expect(page.locator("#outlook")).to_contain_text("63.55")  # 31 million at 2.05 each
    look(page, "builder")
    contract = Contract.objects.get(key="acme-2027")
    assert contract.net_days == 45
    assert hand.count < 25


def look(page: Page, name: str) -> None:
    """Keep pictures where somebody asks for them; whatever is shown is accessible and fits its screen."""
    faults: list[tuple[str, int, str]] = []
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/deal-{name}-{width}-{scheme}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append((name, width, "wider than its screen"))
        found = Axe().run(page).response["violations"]
        faults += [(name, width, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
    assert faults == []
