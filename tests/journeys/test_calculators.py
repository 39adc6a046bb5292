"""Somebody works out what terms come to, in the console and in the portal; pages fit and are accessible."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import make, priced

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
LOOKS = ((1440, "light"), (390, "dark"))


@pytest.fixture
def terms(world: make.World) -> priced.Priced:
    made = priced.priced(world)
    priced.use(world, priced.october())
    return made


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/(console|portal)/"))


def test_mia_works_out_a_price(page: Page, terms: priced.Priced, live_server) -> None:
    sign_in(page, "mia")
    page.get_by_role("link", name="Calculator").click()
    answer = page.locator("#answer")
    expect(answer).to_contain_text("Left to pay")
    page.get_by_label("Discount in percent").fill("0")
    page.get_by_role("group", name="Charge 2").get_by_label("Quantity", exact=True).fill("5")
    expect(answer).to_contain_text("100.00")
    tiers = page.get_by_role("group", name="Charge 1")
    tiers.get_by_label("Priced by").select_option("PER_UNIT")
    expect(tiers.get_by_label("Tier 1 up to")).to_be_hidden()
    tiers.get_by_label("Price per unit").fill("x")
    expect(answer).to_contain_text("This can't be rated yet")
    tiers.get_by_label("Price per unit").fill("0.000000075")
    expect(answer).to_contain_text("0.000000075")
    page.get_by_role("button", name="Add a charge").click()
    added = page.get_by_role("group", name="Charge 3")
    added.get_by_label("Name").fill("Set-up")
    added.get_by_label("Priced by").select_option("one_time")
    added.get_by_label("Amount").fill("99")
    expect(answer).to_contain_text("Set-up")
    page.get_by_role("button", name="Remove Seats").click()
    expect(answer).not_to_contain_text("Seats")
    answer.get_by_text("Copy as JSON").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    answer.get_by_role("button", name="Copy").first.click()
    body = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert [charge["name"] for charge in body["charges"]] == ["Input tokens", "Set-up"]
    page.get_by_text("Paste JSON").click()
    page.get_by_label("A body of").fill(json.dumps(body | {"currency": "CHF"}))
    page.get_by_role("button", name="Load").click()
    expect(page.get_by_label("Currency")).to_have_value("CHF")
    page.get_by_label("Rate an account").select_option("acme")
    page.get_by_role("button", name="Its last period").click()
    expect(page.locator("#answer")).to_contain_text("on its own terms")


def test_pat_tries_other_quantities(page: Page, terms: priced.Priced, live_server) -> None:
    sign_in(page, "pat")
    page.get_by_role("link", name="Calculator").click()
    expect(page.get_by_role("heading", name="What would it cost?")).to_be_visible()
    page.get_by_label("Something else").select_option(index=1)
    page.get_by_role("button", name="Work it out").click()
    field = page.locator(".try-row input").first
    field.fill("62")
    page.get_by_role("button", name="Work it out").click()
    expect(page.get_by_role("region", name="Your invoice would be")).to_contain_text("62")


def test_every_page_is_accessible_and_fits_its_screen(page: Page, terms: priced.Priced, live_server, world) -> None:
    console = reverse("console:calculator")
    own = [console, f"{console}?example=payments", f"{console}?example=messages", f"{console}?account=acme"]
    for who, paths in (("mia", own), ("pat", [reverse("portal:calculator", args=[world.acme.pk])])):
        page.context.clear_cookies()
        sign_in(page, who)
        faults: list[tuple[str, int, str, str]] = []
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for path in paths:
                answer = page.goto(path)
                assert answer is not None
                assert answer.status == 200, path
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    faults.append((path, width, scheme, "wider than its screen"))
                found = Axe().run(page).response["violations"]
                faults += [
                    (path, width, scheme, each["id"]) for each in found if each["impact"] in ("serious", "critical")
                ]
        assert faults == []
