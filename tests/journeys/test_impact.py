"""A product manager sees what her prices would have changed: watched, summed up, account by account, as a file."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from billing import tasks
from billing.models import Impact, ImpactChunk
from catalog.actions import rate_cards
from catalog.models import RateCard
from tests import deals, drafted, make
from tests.journeys.test_deal_builder import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def asked(world: make.World) -> Iterator[int]:
    """Seven customers of every kind used tokens in October; mia proposes dearer output and cheaper input."""
    with time_machine.travel(NOW):
        drafted.varied(world, 7)
        rows = deals.prices([("gpt-4o", "input", "2.2"), ("gpt-4o", "output", "24")], ("EUR",))
        card = RateCard.objects.get(key="list")
        draft = deals.version(world, card, rows=rows, at=NOW, effective_date=date(2027, 1, 1))
        yield rate_cards.submit(version=draft, title="New prices of gpt-4o", reason="Costs", by=world.mia, at=NOW).pk


def shoot(page: Page, name: str) -> None:
    """Keep pictures of a page, wide and narrow, light and dark, where a folder is named."""
    for width in (1440, 390) if SHOTS else ():
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")
            page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.evaluate("document.documentElement.classList.remove('dark')")


def test_a_product_manager_sees_who_would_have_paid_more(page: Page, asked: int) -> None:
    sign_in(page, "mia")
    page.goto(f"/console/requests/{asked}/")
    page.get_by_role("button", name="See its impact").click()
    panel = page.locator("#impact")
    expect(panel.get_by_text("0 of 7 accounts are rated both ways")).to_be_visible()
    shoot(page, "running")
    for pk in ImpactChunk.objects.values_list("pk", flat=True):
        tasks.work_on_impact(pk)
    expect(panel.get_by_text("of 7 accounts pay more")).to_be_visible()
    shoot(page, "panel")
    page.get_by_role("link", name="Every account, product and segment").click()
    expect(page.get_by_role("heading", name="Accounts", exact=True)).to_be_visible()
    shoot(page, "page")
    serious = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
    assert serious == [], [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious]
    rows = page.locator("#found tbody tr")
    expect(rows).to_have_count(7)
    page.get_by_label("Account", exact=True).fill("a3")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(1)
    with page.expect_download() as loaded:
        page.get_by_role("link", name="CSV").click()
    lines = loaded.value.path().read_text().splitlines()
    assert lines[0].startswith("account,name,customer,segment,currency,before,after")
    assert len(lines) == 2
    assert lines[1].startswith("a3,")
    expect(page.get_by_text("Out of date")).to_be_hidden()
    Impact.objects.update(inputs=b"something else")
    page.reload()
    expect(page.get_by_text("Out of date")).to_be_visible()
