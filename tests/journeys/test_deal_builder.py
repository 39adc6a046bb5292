"""RevOps builds a deal in one page, somebody else approves it, and its first invoices are right by hand."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from billing.actions import invoices, tax
from billing.models import Invoice
from catalog.models import Contract, Purchase
from catalog.queries import period_of
from monetization.values.periods import service_period
from tests import deals, make, priced

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def made(world: make.World) -> Iterator[make.World]:
    """Acme used 12,400 million tokens in and 3,100 million out in October, on no contract yet."""
    with time_machine.travel(NOW):
        tax.set_rate(
            environment=world.live, country="DE", percent=Decimal(19), start_date=date(2021, 1, 1),
            source="Umsatzsteuergesetz § 12", by=None, at=make.AT,
        )  # fmt: skip
        deals.list_prices(world, currencies=("EUR", "USD"))
        priced.use(world, priced.october(input=400_000_000, output=100_000_000))
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


def test_revops_builds_a_deal_and_its_first_invoices_are_right(page: Page, made: make.World) -> None:
    """USD 120k prepaid in two invoices, 240k in year two, 18 % off gpt-4o's input, at most 30k a month, net 45, pinned.

    First purchase by hand: half of 120,000 is 60,000.00, 19 % of it 11,400.00, together 71,400.00.
    October by hand: output 3,100 × 10 = 31,000.00; input 12,400 × 2.50 × 0.82 = 25,420.00; together 56,420.00, capped
    by 26,420.00 to 30,000.00, all of it drawn from the prepaid balance: nothing is left to pay.
    """
    sign_in(page, "chen")
    page.goto(f"/console/accounts/{made.acme.pk}/")
    hand, outlook = Hand(), page.locator("#outlook")
    hand.click(page.get_by_role("link", name="Draft a contract"))
    hand.fill(page.get_by_label("First day"), "2026-10-01")
    hand.click(page.get_by_role("button", name="Start the deal"))
    terms = page.get_by_role("form", name="Customer and dates")
    hand.choose(terms.get_by_label("Currency"), label="USD")
    hand.fill(terms.get_by_label("Last day"), "2028-09-30")
    prices = page.get_by_role("form", name="Price list")
    hand.choose(prices.get_by_label("Prices", exact=True), label="pinned to v1")
    hand.fill(prices.get_by_label("Follows from"), "2027-01-01")
    hand.fill(page.get_by_label("Net days"), "45")
    hand.click(page.get_by_text("+ Percent off prices"))
    form = page.get_by_role("form", name="Percent off prices")
    hand.choose(form.get_by_label("Prices"), label="Model inference: gpt-4o · input")
    hand.fill(form.get_by_label("Percent off"), "18")
    hand.click(form.get_by_role("button", name="Add percent off prices"))
    expect(page.locator("#part-overrides")).to_contain_text("× 0.82")
    hand.click(page.get_by_text("+ Prepaid commit"))
    form = page.get_by_role("form", name="Prepaid commit")
    hand.fill(form.get_by_label("Year 1"), "120000")
    hand.fill(form.get_by_label("Year 2"), "240000")
    hand.choose(form.get_by_label("Billed in"), label="two a year")
    hand.click(form.get_by_role("button", name="Add prepaid commit"))
    expect(page.locator("#part-commits")).to_contain_text("240,000")
    hand.click(page.get_by_text("+ Cap"))
    form = page.get_by_role("form", name="Cap")
    hand.fill(form.get_by_label("Amount"), "30000")
    hand.click(form.get_by_role("button", name="Add cap"))
    expect(page.locator("#part-bounds")).to_contain_text("30,000")
    for said in ("25,420.00", "31,000.00", "Rosa", "2.05", "71,400.00"):
        expect(outlook).to_contain_text(said)
    look(page, "builder")
    hand.click(page.get_by_text("Submit for approval…"))
    hand.fill(page.get_by_label("Why"), "Signed")
    hand.click(page.get_by_role("button", name="Submit Acme"))
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    assert hand.count < 25, hand.count
    look(page, "submitted")

    sign_in(page, "rosa")
    page.get_by_role("link", name="Contract Acme Robotics GmbH 2026").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Your approval is recorded.")).to_be_visible()
    contract = Contract.objects.get(key="acme-2026")
    assert (contract.status, contract.net_days, contract.pinned_until) == ("APPROVED", 45, date(2027, 1, 1))
    bought, used = first_invoices(contract)
    assert (bought.currency, str(bought.net), str(bought.tax)) == ("USD", "60000.0000", "11400.0000")
    amounts = list(used.lines.order_by("position").values_list("kind", "amount"))
    assert [amount for kind, amount in amounts if kind == "usage"] == [31_000, 25_420]
    assert sum(amount for kind, amount in amounts if kind == "cap") == -26_420
    assert sum(amount for kind, amount in amounts if kind == "drawdown") == -30_000
    assert (used.net, used.total) == (0, 0)
    items = contract.instruments.order_by("start_date").values_list("start_date", "end_date", "amount")
    assert list(items) == [
        (date(2026, 10, 1), date(2027, 9, 30), 120_000), (date(2027, 10, 1), date(2028, 9, 30), 240_000),
    ]  # fmt: skip
    billed = Purchase.objects.filter(commit__contract=contract).order_by("date").values_list("date", "amount")
    assert list(billed) == [
        (date(2026, 10, 1), 60_000), (date(2027, 4, 1), 60_000), (date(2027, 10, 1), 120_000),
        (date(2028, 4, 1), 120_000),
    ]  # fmt: skip


def first_invoices(contract: Contract) -> list[Invoice]:
    """Draft what October wants: the purchase, then the usage."""
    day = date(2026, 10, 1)
    asked = {
        "COMMIT": service_period(day, day, contract.account.time_zone),
        "USAGE": period_of(contract, priced.OCTOBER + timedelta(days=9)),
    }
    return [
        invoices.draft(contract=contract, period=period, kind=kind, by=None, at=NOW) for kind, period in asked.items()
    ]


def look(page: Page, name: str) -> None:
    """Keep pictures where somebody asks for them; whatever is shown is accessible and fits its screen."""
    faults: list[tuple[str, int, str]] = []
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")  # it is dimmed
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/deal-{name}-{width}-{scheme}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append((name, width, "wider than its screen"))
        found = Axe().run(page).response["violations"]
        faults += [(name, width, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
    assert faults == []
