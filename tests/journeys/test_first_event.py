"""An engineer sends a first event and sees it arrive; a feed that keeps up by itself; pages fit and are accessible."""

import json
import re
import urllib.request

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import make, metered
from tests.metered import request

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
LOOKS = ((1440, "light"), (390, "dark"))
SOON = 3000  # milliseconds


@pytest.fixture
def made(world: make.World) -> make.World:
    metered.metric(world, "tokens", metered.LLM)
    return world


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def send(live_server, token: str, *events) -> None:
    """Send events as a machine would, by HTTP."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    call = urllib.request.Request(f"{live_server.url}/api/v1/events", json.dumps(events).encode(), headers)
    assert urllib.request.urlopen(call, timeout=20).status == 200


def now(number: int, **more):
    return request(number, time=None, **more)


def test_the_feed_shows_an_event_within_three_seconds(page: Page, made: make.World, live_server) -> None:
    token = make.token(made.eli, made.live, "events:write")
    sign_in(page, "mia")
    page.goto(reverse("console:events"))
    expect(page.get_by_text("No event yet")).to_be_visible()
    send(live_server, token, now(1))
    row = page.get_by_role("row", name=re.compile("e1 .*Acme Robotics GmbH llm.request"))
    expect(row).to_be_visible(timeout=SOON)
    news = page.get_by_role("status").filter(has_text="new event")
    expect(news).to_have_text("1 new event")
    page.get_by_role("button", name="Pause").click()
    send(live_server, token, now(2), now(3, subject="nobody"))
    expect(page.get_by_text("Paused")).to_be_visible()
    page.wait_for_timeout(2500)
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#rows tr")).to_have_count(3, timeout=SOON)
    expect(page.get_by_role("row", name=re.compile("e3 Quarantined nobody .*Unknown account"))).to_be_visible()
    page.locator("#rows").get_by_role("link", name="e2").focus()
    send(live_server, token, now(4))
    expect(page.get_by_text("Waits while you are in the list")).to_be_visible(timeout=SOON)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Event e2")).to_be_visible()
    expect(page.get_by_text("has no invoice for the period")).to_be_visible()


def test_eli_issues_a_key_and_sees_the_first_event_arrive(page: Page, made: make.World, live_server) -> None:
    sign_in(page, "eli")
    page.get_by_role("link", name="Send events").click()
    page.get_by_label("Account").select_option("globex")
    page.get_by_role("button", name="Write the code").click()
    page.get_by_role("button", name="Issue a key").click()
    expect(page.get_by_text("Waiting for the first event…")).to_be_visible()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("tab", name="Python").click()
    expect(page.locator("#code-python")).to_contain_text(secret)
    expect(page.locator("#code-curl")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="JavaScript")).to_be_focused()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("tabpanel").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.evaluate("navigator.clipboard.readText()")
    data = json.loads(code[code.index("{") : code.index(";\n")])
    send(live_server, secret, data | {"subject": "globex-typo", "id": "typo"})
    first = page.locator("#first")
    expect(first).to_contain_text("It arrived and could not be counted: unknown account", timeout=SOON)
    expect(first).to_contain_text("give one this alias")
    send(live_server, secret, data)
    expect(first).to_contain_text("It arrived and was counted", timeout=SOON)
    first.get_by_role("link", name=data["id"]).click()
    expect(page.get_by_role("heading", name=f"Event {data['id']}")).to_be_visible()


def test_every_page_is_accessible_and_fits_its_screen(page: Page, made: make.World, live_server) -> None:
    token = make.token(made.eli, made.live, "events:write")
    sign_in(page, "eli")
    faults: list[tuple[str, int, str, str]] = []
    send(live_server, token, now(1), now(2, subject="nobody"), request(3))
    names = ("events", "ingestion", "send_events")
    paths = [reverse(f"console:{name}") for name in names]
    paths += [reverse("console:event", args=["api", "e1"]), reverse("console:event_lines", args=["api", "e1"])]
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
