"""A file in a real browser: three mistakes by row and column, then the mended one is previewed, drafted, submitted."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Page, expect

from catalog.models import Import, RateCard, RateCardVersion
from tests import deals, filed, make
from tests.journeys.test_console_prices import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MENDED = filed.PRICES.replace("10,gpt", "12,gpt") + "inference,llm-tokens,EUR,1.5,gpt-5,input\n"
WRONG = MENDED.replace("EUR,2.5", "EURO,2.5").replace("EUR,3,", "EUR,three,").replace("claude,output", "claude,aside")


@pytest.fixture
def card(world: make.World) -> Iterator[RateCard]:
    """Card `list` with version 1 in force."""
    with time_machine.travel(NOW):
        yield deals.list_prices(world, currencies=("EUR",)).rate_card


def choose(page: Page, path: Path, text: str) -> None:
    path.write_text(text)
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Upload and look").click()


def test_mia_mends_a_file_and_submits_what_it_drafts(page: Page, card: RateCard, tmp_path: Path) -> None:
    sign_in(page, "mia")
    page.goto(f"/console/rate-cards/{card.pk}/")
    page.get_by_role("link", name="Import prices").click()
    expect(page.get_by_label("Rate card")).to_have_value("list")
    page.get_by_label("Prices hold from").fill("2026-12-01")
    choose(page, tmp_path / "prices.csv", WRONG)
    mistakes = page.locator("#faults tbody tr")
    expect(mistakes).to_have_count(3)
    for index, words in enumerate(("2currency C2", "4unit_price D4", "5match.token_type F5")):
        expect(mistakes.nth(index)).to_contain_text(words)
    expect(page.get_by_role("button", name="Draft list")).to_have_count(0)

    page.get_by_role("link", name="Upload the mended file").click()
    expect(page.get_by_label("Rate card")).to_have_value("list")
    expect(page.get_by_label("Prices hold from")).to_have_value("2026-12-01")
    choose(page, tmp_path / "mended.csv", MENDED)
    lines = page.locator("#lines tbody tr")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="gpt-4o")).to_contain_text("10.00 per unit")
    expect(lines.filter(has_text="gpt-4o")).to_contain_text("12.00 per unit")
    expect(lines.filter(has_text="gpt-4o")).to_contain_text("+20 %")
    page.get_by_role("button", name="Draft list with 5 rows").click()

    page.get_by_role("link", name="Go to List prices v2").click()
    expect(page.get_by_role("heading", name="List prices v2")).to_be_visible()
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Why").fill("Agreed with sales")
    page.get_by_role("button", name="Submit List prices v2").click()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    version = RateCardVersion.objects.get(rate_card=card, number=2)
    assert (version.status, version.charges.get().prices.count()) == ("SUBMITTED", 5)
    assert list(Import.objects.order_by("pk").values_list("status", flat=True)) == ["FAULTY", "APPLIED"]


def test_a_file_can_be_dropped_on_its_field(page: Page, card: RateCard) -> None:
    """A drop fills the very input that a click opens."""
    sign_in(page, "mia")
    page.goto("/console/imports/new/?kind=RATE_CARD&rate_card=list")
    data = page.evaluate_handle(
        "text => { const held = new DataTransfer(); held.items.add(new File([text], 'dropped.csv')); return held; }",
        filed.PRICES,
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": data})
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_role("heading", name="dropped.csv")).to_be_visible()
