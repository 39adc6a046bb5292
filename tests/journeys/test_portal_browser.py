"""A customer in a real browser: from the figure on the overview down to the event, and to the PDF."""

import re
from collections.abc import Iterator

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests import make, statements
from tests.statements import NOW, Filled

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PLACES = ((1440, "light"), (390, "dark"))


@pytest.fixture
def made(world: make.World, pango: None) -> Iterator[Filled]:
    with time_machine.travel(NOW):
        filled = statements.filled(world)
        statements.with_pdf(filled.invoices["acme"])
        yield filled


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_pat_walks_from_the_figure_to_the_event_and_to_the_paper(page: Page, made: Filled) -> None:
    sign_in(page, "pat")
    expect(page.get_by_role("heading", name="Acme Robotics GmbH")).to_be_visible()
    page.get_by_role("link", name="EUR 16.60").click()
    line = page.locator("details", has_text="gpt-4o · input")
    line.locator("summary").click()
    expect(line).to_contain_text("12.5000025, rounded once to EUR 12.50")
    line.get_by_role("link", name="Usage behind this line").click()
    page.get_by_role("link", name="2 Nov 2026 09:00").click()
    expect(page.get_by_role("row", name=re.compile("a4 api llm.request 1,000,001"))).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page).to_have_url(re.compile("/cost/"))
    page.get_by_role("link", name="Invoices", exact=True).click()
    page.get_by_role("link", name=made.invoices["acme"].number, exact=True).click()
    expect(page.get_by_text("9.00 net and 1.71 tax")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename == f"{made.invoices['acme'].number}.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")


def test_pat_splits_usage_and_switches_the_account_on_a_phone(page: Page, made: Filled) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "pat")
    page.get_by_role("link", name="Usage", exact=True).click()
    page.get_by_label("Split by").select_option("token_type")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name="Total 5.500001 0.240000 5.740001")).to_be_visible()
    page.locator("summary", has_text="Acme Robotics GmbH").click()
    page.get_by_role("link", name="Acme Robotics Inc.").click()
    expect(page.get_by_role("heading", name="No contract is in force")).to_be_visible()
    page.locator("summary", has_text="Pat").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in/"))
    page.goto(f"/portal/{made.world.acme.pk}/")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next="))


def test_every_page_is_accessible_and_fits_its_screen(page: Page, made: Filled) -> None:
    sign_in(page, "pat")
    page.wait_for_url("**/portal/**")
    own, invoice = f"/portal/{made.world.acme.pk}/", made.invoices["acme"].pk
    paths = [
        "", "usage/?by=model", "cost/", "invoices/", f"invoices/{invoice}/", f"invoices/{invoice}/lines/1/", "people/",
        "settings/", "nowhere/",
    ]  # fmt: skip
    faults: list[tuple[str, int, str, str]] = []
    for width, scheme in PLACES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in paths:
            page.goto(own + path)
            page.eval_on_selector_all("details.line", "all => all.forEach(each => each.open = true)")
            checked = Axe().run(page).response
            assert len(checked["passes"]) > 10
            faults += [(path, width, each["id"], each["nodes"][0]["html"][:200]) for each in checked["violations"]]
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                faults.append((path, width, "wider than the screen", ""))
    assert faults == []
