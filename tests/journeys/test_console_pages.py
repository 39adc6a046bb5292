"""Contracts, metrics and settings in a real browser; every page accessible, light and dark, wide and narrow."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog.actions import contracts, prices, rate_cards
from catalog.models import Contract, Metric, MetricVersion, PriceRow, RateCard
from monetization.foundation.models import ChangeRequest
from tests import deals, make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
LOOKS = ((1440, "light"), (390, "dark"))


@pytest.fixture
def made(world: make.World) -> Iterator[make.World]:
    """A priced world with a card change that waits for chen and a contract that waits for rosa."""
    with time_machine.travel(NOW):
        deals.list_prices(world)
        card = RateCard.objects.get(key="list")
        deals.contract(world, world.acme, card, start_date=date(2026, 9, 1), anchor="first")
        change = deals.version(world, card, at=NOW, effective_date=date(2027, 1, 1))
        row = PriceRow.objects.filter(charge__version=change, match__token_type="output").earliest("pk")
        prices.set_price(price=row, unit_price=deals.Decimal("12.50"), by=world.mia, at=NOW)
        rate_cards.submit(version=change, title="Output up", reason="Cost", by=world.mia, at=NOW)
        waiting = deals.draft_contract(world, world.globex, card, at=NOW, start_date=date(2026, 12, 1))
        contracts.submit(contract=waiting, reason="Signed", by=world.chen, at=NOW)
        yield world


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_chen_drafts_a_contract_that_is_checked_while_it_is_typed_and_rosa_approves_it(
    page: Page, made: make.World
) -> None:
    sign_in(page, "chen")
    page.goto(f"/console/accounts/{made.acme_us.pk}/")
    page.get_by_role("link", name="Draft a contract").click()
    expect(page.get_by_label("Account")).to_have_value(str(made.acme_us.pk))
    page.get_by_label("Name").fill("Acme US 2027")
    page.get_by_label("First day").fill("2027-01-15")
    page.get_by_role("button", name="Start the deal").click()
    expect(page.get_by_role("heading", name="Acme US 2027")).to_be_visible()
    outlook = page.locator("#outlook")
    page.get_by_label("Currency").select_option("GBP")
    expect(outlook).to_contain_text("has no price in GBP for every product")
    page.get_by_label("Currency").select_option("USD")
    page.get_by_label("Off all usage").fill("7.5")
    page.get_by_label("Net days").fill("45")
    expect(outlook).to_contain_text("15–31 Jan 2027")
    expect(outlook).to_contain_text("7.5 %")
    expect(outlook).not_to_contain_text("Before it can be submitted")
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Why").fill("Renewal")
    page.get_by_role("button", name="Submit Acme US 2027").click()
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()

    sign_in(page, "rosa")
    page.get_by_role("link", name="Contract Acme US 2027").click()
    expect(page.get_by_text("discount percent: 7.5")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
    contract = Contract.objects.get(key="acme-us-2027")
    assert (contract.status, contract.currency, contract.discount_percent) == ("APPROVED", "USD", deals.Decimal("7.5"))


def test_a_contract_shows_where_each_price_in_force_comes_from(page: Page, made: make.World) -> None:
    sign_in(page, "uma")
    page.goto(reverse("console:contract", args=[Contract.objects.get(key="acme-2026").pk]))
    expect(page.get_by_role("row", name="gpt-4o · output per 1M tokens 10.00 list v1")).to_be_visible()
    page.get_by_label("Filter prices").fill("claude")
    expect(page.locator("#prices tbody tr")).to_have_count(3)
    page.get_by_role("row", name="claude · input per 1M tokens 3.00 list v1").get_by_role("link").click()
    expect(page.get_by_role("heading", name="List prices v1")).to_be_visible()


def test_mia_makes_a_metric_and_chen_sends_it_back_with_a_reason(page: Page, made: make.World) -> None:
    sign_in(page, "mia")
    page.goto("/console/catalog/metric/")
    page.get_by_role("link", name="New metric").click()
    page.get_by_label("Name").fill("Images")
    page.get_by_label("Key").fill("Images!")
    page.get_by_role("button", name="Make metric").click()
    expect(page.get_by_role("alert")).to_contain_text("Use 1–63 characters")
    expect(page.get_by_label("Name")).to_have_value("Images")
    page.get_by_label("Key").fill("images")
    page.get_by_role("button", name="Make metric").click()
    page.get_by_label("Event type").fill("image.made")
    page.get_by_label("From").fill("2026-12-01T00:00")
    page.get_by_label("One priced unit is called").fill("image")
    page.get_by_role("button", name="Draft this version").click()
    expect(page.get_by_role("alert")).to_contain_text("A sum needs a field to add up")
    expect(page.get_by_label("Event type")).to_have_value("image.made")
    page.get_by_label("Counts").select_option("COUNT")
    page.get_by_label("Dimension 1", exact=True).fill("size")
    page.get_by_label("Field of dimension 1").fill("pixels")
    page.get_by_label("Thresholds of dimension 1").fill("1000000, 4000000")
    page.get_by_role("button", name="Draft this version").click()
    expect(page.get_by_text("events of type image.made")).to_be_visible()
    expect(page.get_by_text("size from pixels, cut at 1,000,000, 4,000,000")).to_be_visible()
    page.get_by_text("Submit for approval…").click()
    page.get_by_role("button", name="Submit Images v1").click()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()

    sign_in(page, "chen")
    page.get_by_role("link", name="Meaning of Images v1").click()
    page.get_by_text("Send back…").click()
    page.get_by_label("What should change in “Meaning of Images v1”?").fill("Count failed ones apart")
    page.get_by_role("button", name="Send back to draft").click()
    expect(page.locator(".timeline")).to_contain_text("Chen sent it back to draft")
    expect(page.locator(".timeline")).to_contain_text("Count failed ones apart")
    version = MetricVersion.objects.get(metric=Metric.objects.get(key="images"))
    assert (version.status, version.aggregation) == ("DRAFT", "COUNT")
    assert version.dimensions.get().thresholds == [1_000_000, 4_000_000]


def test_the_environment_is_switched_in_the_head_and_clearly_told(page: Page, made: make.World) -> None:
    sign_in(page, "chen")
    page.locator("summary", has_text="Live").click()
    page.get_by_role("button", name="Sandbox").click()
    expect(page.get_by_role("status")).to_contain_text("nothing here reaches a customer or the books")
    page.goto("/console/catalog/ratecard/")
    expect(page.get_by_role("link", name="List prices")).to_have_count(0)
    page.locator("summary", has_text="Chen").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_class("dark")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_every_page_is_accessible_and_fits_its_screen(page: Page, made: make.World) -> None:
    request = ChangeRequest.objects.get(title="Output up")
    card = RateCard.objects.get(key="list")
    change, metric = card.versions.get(number=2), MetricVersion.objects.get()
    with_id = {
        "rate_card": card.pk, "rate_card_version": change.pk, "request": request.pk, "metric": metric.metric_id,
        "metric_version": metric.pk, "contract": Contract.objects.get(key="globex-2026").pk, "account": made.acme.pk,
        "metric_draft": metric.metric_id, "person": made.mia.pk,
    }  # fmt: skip
    names = ("inbox", "catalog_contract_changelist", "foundation_user_changelist", "rate_card_new", "metric_new",
             "contract_new", "policy_new", "person_new", "foundation_customer_add")  # fmt: skip
    paths = [reverse(f"console:{name}", args=[pk]) for name, pk in with_id.items()]
    paths += [reverse(f"console:{name}") for name in names if name != "foundation_customer_add"]
    sign_in(page, "chen")
    faults: list[tuple[str, int, str, str]] = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for path in paths:
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            page.wait_for_function("!document.querySelector('.htmx-request')")  # what loads itself is looked at too
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                faults.append((path, width, scheme, "wider than its screen"))
            found = Axe().run(page).response["violations"]
            faults += [(path, width, scheme, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
    assert faults == []
