"""A price change in a real browser: mia drafts, errs, mends and submits; she can't approve it; chen does."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from playwright.sync_api import Browser, Page, expect

from catalog.models import PriceRow, RateCard, RateCardVersion
from tests import deals, make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def card(world: make.World) -> Iterator[RateCard]:
    """Card `list` with version 1 in force, in EUR and USD, and a graduated row."""
    with time_machine.travel(NOW):
        deals.metric(world)
        deals.product(world)
        tiers = deals.graduated("EUR", {"model": "large"}, ("1000", "4", "0"), (None, "3", "0"))
        rows = [*deals.prices(currencies=("EUR", "USD")), tiers]
        deals.approved(world, deals.version(world, deals.card(world), rows=rows))
        yield RateCard.objects.get(key="list")


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def row_of(version: RateCardVersion, model: str, kind: str, currency: str = "EUR") -> PriceRow:
    match = {"model": model, "token_type": kind}
    return PriceRow.objects.get(charge__version=version, currency=currency, match=match)


def start_draft(page: Page, card: RateCard) -> RateCardVersion:
    page.goto(f"/console/rate-cards/{card.pk}/")
    page.get_by_role("button", name="Draft a new version").click()
    expect(page.get_by_role("heading", name="List prices v2")).to_be_visible()
    return card.versions.get(number=2)


def test_mia_drafts_a_price_change_and_only_chen_can_approve_it(page: Page, card: RateCard) -> None:
    sign_in(page, "mia")
    version = start_draft(page, card)
    price = row_of(version, "gpt-4o", "output")
    line = page.locator(f"#price-{price.pk}")
    page.get_by_role("link", name="Edit the price of gpt-4o · output in EUR").click()
    line.get_by_label("New price").fill("10,50")
    line.get_by_role("button", name="Save price").click()
    expect(line.get_by_role("alert")).to_have_text("“10,50” is not a number. Write digits and one point: 1250.075")
    expect(line.get_by_label("New price")).to_have_value("10,50")
    line.get_by_label("New price").fill("10.50")
    line.get_by_role("button", name="Save price").click()
    expect(line).to_have_class("changed")
    expect(line.locator(".old")).to_have_text("10.00")
    expect(line.locator(".new")).to_have_text("10.50")
    expect(line.locator(".change")).to_have_text("↑ +5 %")
    expect(line.locator(".change")).to_have_attribute("title", "+0.50")
    expect(page.locator("#counts .kpi").first).to_contain_text("1of 9 prices")

    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Title").fill("Output up by five")
    page.get_by_label("Why").fill("The provider raised it.")
    page.get_by_role("button", name="Submit List prices v2").click()
    expect(page.locator(".note li")).to_contain_text(["It has no effective time. Choose a day or an instant"])
    expect(page.get_by_label("Title")).to_have_value("Output up by five")
    page.get_by_label("Day", exact=True).fill("2027-01-01")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("In force from 1 Jan 2027, midnight in each account's zone")).to_be_visible()
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Title").fill("Output up by five")
    page.get_by_label("Why").fill("The provider raised it.")
    page.get_by_role("button", name="Submit List prices v2").click()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve v2")).to_be_disabled()
    expect(page.get_by_text("Policy “Every price change”: always")).to_be_visible()

    sign_in(page, "chen")
    page.get_by_role("link", name="Output up by five").click()
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("changed gpt-4o · output EUR 10.00 10.50"))).to_be_visible()
    page.get_by_role("button", name="Approve v2").click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
    expect(page.locator(".lead .badge")).to_have_text("Scheduled")
    version.refresh_from_db()
    assert version.status == "APPROVED"
    assert row_of(version, "gpt-4o", "output").unit_price == 10.5


def test_mia_turns_a_price_into_tiers_and_filters_the_table(page: Page, card: RateCard) -> None:
    sign_in(page, "mia")
    version = start_draft(page, card)
    price = row_of(version, "claude", "input", "USD")
    line = page.locator(f"#price-{price.pk}")
    page.get_by_label("Filter by model, product or currency").fill("claude usd")
    expect(page.locator("#lines tbody tr[id]")).to_have_count(2)
    page.get_by_role("link", name="Edit the price of claude · input in USD").click()
    line.get_by_label("Price model").select_option("GRADUATED")
    expect(line.get_by_label("Tier 1 unit price")).to_have_value("3")
    line.get_by_label("Tier 1 up to").fill("500")
    line.get_by_label("Tier 2 up to").fill("100")
    line.get_by_label("Tier 2 unit price").fill("2.5")
    line.get_by_role("button", name="Save price").click()
    expect(line.get_by_role("alert").first).to_be_visible()
    expect(line.get_by_label("Tier 2 unit price")).to_have_value("2.5")
    line.get_by_label("Tier 2 up to").fill("")
    line.get_by_role("button", name="Save price").click()
    expect(line.locator(".new")).to_have_text("2 tiers")
    expect(page.get_by_role("row", name="above 500 3.00 2.50 −16.7 %")).to_be_visible()
    expect(line.locator("svg.steps path")).to_have_count(2)


def test_mia_sells_packages_and_sees_what_they_cost_before_she_saves(page: Page, card: RateCard) -> None:
    sign_in(page, "mia")
    version = start_draft(page, card)
    price = row_of(version, "claude", "input", "EUR")
    line = page.locator(f"#price-{price.pk}")
    page.get_by_role("link", name="Edit the price of claude · input in EUR").click()
    expect(line.get_by_text("3.00 per 1M tokens")).to_be_visible()
    line.get_by_label("Price model").select_option("PACKAGE")
    expect(line.get_by_label("New price")).to_have_count(0)
    line.get_by_label("Units in a package").fill("100")
    line.get_by_label("Price of a package").fill("5")
    expect(line.get_by_text("5.00 per package of 100, rounded up")).to_be_visible()
    expect(line.get_by_text("1,000 units cost 50.00; 10,000 units cost 500.00")).to_be_visible()
    line.get_by_label("Begun packages").select_option("exact")
    expect(line.get_by_text("5.00 per package of 100, in exact parts")).to_be_visible()
    line.get_by_label("Units in a package").fill("0")
    line.get_by_role("button", name="Save price").click()
    expect(line.get_by_role("alert")).to_have_text("A block has more than no units. Give a size above zero")
    line.get_by_label("Units in a package").fill("100")
    line.get_by_role("button", name="Save price").click()
    words = page.locator(f'tr.in-words[data-of="{price.pk}"]')
    expect(words).to_contain_text("3.00 per unit → 5.00 per package of 100, in exact parts")
    price.refresh_from_db()
    assert (price.model, price.packages, price.tiers.get().block_size) == ("PACKAGE", "exact", 100)


@pytest.fixture
def plain(chromium: Browser, live_server) -> Iterator[Page]:
    """A page in which no script runs."""
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def test_all_of_it_works_without_script(plain: Page, card: RateCard) -> None:
    page = plain
    sign_in(page, "mia")
    version = start_draft(page, card)
    page.get_by_role("link", name="Edit the price of gpt-4o · output in USD").click()
    page.get_by_label("Price model").select_option("PERCENTAGE")
    page.get_by_role("button", name="Show its fields").click()
    page.get_by_label("Percent").fill("2.9")
    page.get_by_role("button", name="Save price").click()
    expect(page.get_by_text("A percentage looks at each event's amount")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Edit the price of gpt-4o · input in USD").click()
    page.get_by_label("New price").fill("two")
    page.get_by_role("button", name="Save price").click()
    expect(page.get_by_text("“two” is not a number")).to_be_visible()
    page.get_by_label("New price").fill("0.000000075")
    page.get_by_role("button", name="Save price").click()
    expect(page.get_by_role("row", name=re.compile("changed gpt-4o · input USD 2.50 0.000000075"))).to_be_visible()
    page.get_by_label("Day", exact=True).fill("2027-02-01")
    page.get_by_role("button", name="Set", exact=True).click()
    page.locator("summary", has_text="Submit for approval…").click()
    page.get_by_label("Why").fill("Market")
    page.get_by_role("button", name="Submit List prices v2").click()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    version.refresh_from_db()
    assert version.status == "SUBMITTED"
