"""A plan's life in the browser: mia edits a version, chen approves it, somebody signs up, the first draft is right."""

import re
from decimal import Decimal as D

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.actions import runs
from billing.models import Invoice
from metering.actions.ingest import ingest
from tests import make, planned, priced

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
LOOKS = ((1440, "light"), (390, "dark"))


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/(console|portal)/"))


def test_from_a_draft_to_the_first_draft_invoice(page: Page, world: make.World, live_server) -> None:
    """By hand: fee 59, set-up 99, 3M input tokens at 2.50 with 2M free; 10 of credit; 19 % tax on 160.50.

    59 + 99 + 2.50 − 10 = 150.50, and 150.50 × 0.19 = 28.595, rounded 28.60.
    """
    plan = planned.plan(world)
    planned.draft(world, plan, planned.STARTER | {"allowances": []})
    sign_in(page, "mia")
    page.get_by_role("link", name="Plans").click()
    page.get_by_role("link", name="Starter").first.click()
    page.get_by_role("link", name="v1").click()
    page.get_by_role("link", name="Edit terms").click()
    page.get_by_label("Days of trial").fill("")
    page.get_by_role("button", name="Save terms").click()
    page.get_by_role("link", name="Edit Platform fee").click()
    page.get_by_label("Price").fill("EUR 59, USD 1")
    page.get_by_role("button", name="Save recurring fee").click()
    expect(page.get_by_text("USD isn't offered")).to_be_visible()
    page.get_by_label("Price").fill("EUR 59, JPY 9000")
    page.get_by_role("button", name="Save recurring fee").click()
    page.get_by_role("link", name="allowance", exact=True).click()
    page.get_by_label("Key").fill("free")
    page.get_by_label("Name").fill("Free tokens")
    page.get_by_label("Free units a period").fill("2")
    page.get_by_role("button", name="Add allowance").click()
    expect(page.get_by_text("EUR 59.00 / JPY 9,000 each period, in advance")).to_be_visible()
    expect(page.get_by_text("2 priced units of Model inference free each period")).to_be_visible()
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Why").fill("Self-serve opens")
    page.get_by_role("button", name="Submit v1").click()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    sign_in(page, "chen")
    page.goto(reverse("console:plan_version", args=[plan.versions.get().pk]))
    page.get_by_role("button", name="Approve v1").click()
    expect(page.get_by_text("In force").first).to_be_visible()
    key = make.token(world.rosa, world.live, "signups:write")
    body = {
        "plan": "starter", "currency": "EUR", "customer": {"key": "fresh", "name": "Fresh Foods"},
        "account": {"key": "fresh", "name": "Fresh Foods GmbH", "time_zone": "Europe/Berlin", "country": "DE"},
    }  # fmt: skip
    answer = page.request.post("/api/v1/signups", data=body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status == 201, answer.text()
    now = timezone.now()
    event = priced.event("fresh", now, input=3_000_000)
    assert ingest(environment=world.live, events=[event], by=None, at=now).accepted == 1
    runs.draft_due(environment=world.live, by=world.finn, at=now)
    invoice = Invoice.objects.get(account__key="fresh")
    amounts = {line.description.partition(":")[0]: line.amount for line in invoice.lines.all()}
    assert (invoice.net, invoice.tax, invoice.total) == (
        D("150.50"), D("28.60"), D("179.10"),
    ), amounts  # fmt: skip
    page.goto(reverse("console:contract", args=[invoice.contract_id]))
    expect(page.get_by_text("from plan Starter version 1")).to_be_visible()
    page.goto(reverse("console:plan", args=[plan.pk]))
    expect(page.locator("#contracts").get_by_text("Fresh Foods GmbH").first).to_be_visible()


def test_pages_are_accessible_and_fit_their_screens(page: Page, world: make.World, live_server) -> None:
    first = planned.starter(world)
    second = planned.draft(world, first.plan, planned.STARTER | {"trial_days": 30, "one_time": []})
    sign_in(page, "mia")
    paths = [
        reverse("console:catalog_plan_changelist"), reverse("console:plan_new"),
        reverse("console:plan", args=[first.plan_id]), reverse("console:plan_version", args=[first.pk]),
        reverse("console:plan_version", args=[second.pk]), reverse("console:plan_terms", args=[second.pk]),
        reverse("console:plan_part", args=[second.pk, "limits", "tokens"]),
    ]  # fmt: skip
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
            faults += [(path, width, scheme, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
    assert faults == []
