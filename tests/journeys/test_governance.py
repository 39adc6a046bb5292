"""A policy with two steps is set, the second step is decided by a delegate, and another change is vetoed."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.actions import rate_cards
from monetization.foundation.models import ChangeRequest, Decision, Policy
from tests import deals, make
from tests.make import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def change(world: World, key: str, title: str) -> ChangeRequest:
    """Submit the first prices of a card, as mia does."""
    card = deals.card(world, key=key)
    now = timezone.now()
    version = deals.version(world, card, rows=deals.prices(currencies=("EUR",)), at=now)
    return rate_cards.submit(version=version, title=title, reason="Cheaper GPUs", by=world.mia, at=now)


def open_from_inbox(page: Page, title: str) -> None:
    page.goto("/console/inbox/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=title).first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_two_steps_one_delegated_and_a_veto(page: Page, world: World) -> None:
    deals.metric(world)
    deals.product(world)
    _a_policy_of_two_steps(page)
    request = change(world, "first", "New prices")

    sign_in(page, "chen")
    _names_uma(page)
    page.goto(f"/console/requests/{request.pk}/")
    expect(page.get_by_text("This waits for: Finance.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_disabled()

    sign_in(page, "finn")
    expect(page.locator("#inbox-count .badge")).to_contain_text("1")
    open_from_inbox(page, "New prices")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()

    sign_in(page, "uma")
    open_from_inbox(page, "New prices")
    page.get_by_role("button", name="Approve (in the name of Chen)").click()
    expect(page.locator(".timeline")).to_contain_text("approved as Head of monetization, in the name of Chen")
    assert Decision.objects.filter(by=world.uma, in_name_of=world.chen, role="HEAD").count() == 1

    second = change(world, "second", "Prices again")
    sign_in(page, "chen")
    page.goto(f"/console/requests/{second.pk}/")
    page.get_by_text("Reject…").click()
    page.get_by_label("Why not “Prices again”? Its makers read this.").fill("Not this year")
    page.get_by_role("button", name="Veto for good").click()
    expect(page.locator(".timeline")).to_contain_text("vetoed as Head of monetization")
    expect(page.locator(".timeline")).to_contain_text("Not this year")

    sign_in(page, "mia")
    expect(page.get_by_text("“Prices again” was rejected by Chen. Not this year")).to_be_visible()
    expect(page.locator("#inbox-count .badge")).to_contain_text("2")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.locator("#inbox-count .badge")).to_have_count(0)


def _a_policy_of_two_steps(page: Page) -> None:
    """Chen drafts it, sees whom it needs, submits it; finance agrees."""
    policy = Policy.objects.get(kind="rate_card", name="Every price change", environment__key="live")
    sign_in(page, "chen")
    page.goto(f"/console/policies/{policy.pk}/")
    page.get_by_role("link", name="Change…").click()
    page.get_by_label("How many: Finance").fill("1")
    page.get_by_label("Step: Head of monetization").fill("2")
    page.get_by_label("Hours for each step").fill("24")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Needs 1 × Finance.")).to_be_visible()
    expect(page.locator(".diff")).to_contain_text("1 × Finance, then 1 × Head of monetization")
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Why").fill("Finance looks first")
    page.get_by_role("button", name="Submit version 2").click()
    sign_in(page, "finn")
    open_from_inbox(page, "Policy “Every price change”, version 2")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()


def _names_uma(page: Page) -> None:
    page.goto("/console/inbox/settings/")
    page.get_by_label("Who decides in your name").select_option(label="Uma")
    page.get_by_label("First day").fill("2020-01-01")
    page.get_by_label("Last day").fill("2099-01-01")
    page.get_by_role("button", name="Name a delegate").click()
    expect(page.get_by_text("Uma decides in your name")).to_be_visible()
