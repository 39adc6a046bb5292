"""The main job, from end to end, by the people who do it: prices, usage, an invoice, the customer's own page.

Mia changes a price and may not approve it; Chen may. Eli's key sends usage over HTTP. Finn prepares an invoice,
Rosa approves and issues it, a worker behind a real broker makes its PDF, and Pat finds the same figures in the portal.

The closed period costs 3.000001 × 2.50 = 7.5000025, 0.123456 × 10 = 1.23456 and 1 × 3: 7.50 + 1.23 + 3.00 = 11.73,
with 19 % tax (2.2287) 13.96. In the running one a million tokens out cost 10.00 until the last microsecond before
the new price and 10.50 from its instant on.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import time_machine
from django.core.management import call_command
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from billing.actions import tax
from billing.models import Document, Invoice
from catalog.models import Contract, PriceRow, RateCard, RateCardVersion
from monetization.celery import app
from monetization.foundation.models import Decision
from monetization.values.periods import local_date, local_midnight
from tests import deals, make
from tests.processes import Worker, eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.worker, pytest.mark.pdf]
ZONE, MICROSECOND = "Europe/Berlin", timedelta(microseconds=1)


@dataclass
class Stage:
    """What is agreed before the story begins. Acme's first period is over for a week at least, grace included."""

    card: RateCard
    contract: Contract
    start_date: date

    def day(self, number: int) -> datetime:
        """Noon or so of a day of the contract, counted from 0."""
        return local_midnight(self.start_date + timedelta(days=number), ZONE) + timedelta(hours=12)


@pytest.fixture
def stage(world: make.World) -> Stage:
    start = local_date(datetime.now(UTC), ZONE) - timedelta(days=40)
    card = deals.list_prices(world, currencies=("EUR",), effective_date=start - timedelta(days=1)).rate_card
    tax.set_rate(
        environment=world.live, country="DE", percent=Decimal(19), start_date=date(2007, 1, 1),
        source="Umsatzsteuergesetz § 12", by=None, at=make.AT,
    )  # fmt: skip
    return Stage(card, deals.contract(world, world.acme, card, start_date=start), start)


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Worker]:
    settings.MEDIA_ROOT = tmp_path / "media"
    app.control.purge()
    started = Worker(tmp_path, {"TASK_SECONDS": "30"})
    started.start()
    yield started
    started.stop()


def test_from_a_price_change_to_the_customers_invoice(page: Page, stage: Stage, worker: Worker, pango: None) -> None:
    changes_at = (datetime.now(UTC) + timedelta(seconds=150)).replace(second=0, microsecond=0) + timedelta(minutes=1)
    version = mia_asks_for_a_new_price(page, stage.card, changes_at)
    mia_is_refused(page, version)
    chen_approves(page, version)
    token = eli_issues_a_key(page)
    usage_arrives(page, token, stage, changes_at)
    with time_machine.travel(changes_at):
        the_new_price_is_in_force(page, version)
        running, closed = drafts(stage)
        pat_sees_both_prices(page, running)
    finn_prepares(page, closed)
    rosa_approves_and_issues(page, closed)
    the_worker_makes_the_paper(closed)
    pat_opens_the_invoice(page, closed)
    the_books_are_clean()


# -- people


def mia_asks_for_a_new_price(page: Page, card: RateCard, changes_at: datetime) -> RateCardVersion:
    sign_in(page, "mia")
    page.goto(f"/console/rate-cards/{card.pk}/")
    page.get_by_role("button", name="Draft a new version").click()
    expect(page.get_by_role("heading", name="List prices v2")).to_be_visible()
    version = card.versions.get(number=2)
    price = PriceRow.objects.get(charge__version=version, match={"model": "gpt-4o", "token_type": "output"})
    line = page.locator(f"#price-{price.pk}")
    page.get_by_role("link", name="Edit the price of gpt-4o · output in EUR").click()
    line.get_by_label("New price").fill("10.50")
    line.get_by_role("button", name="Save price").click()
    expect(line.locator(".change")).to_have_text("↑ +5 %")
    page.get_by_label("At one instant for all").check()
    page.get_by_label("Instant", exact=True).fill(f"{changes_at:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Set", exact=True).click()
    page.get_by_text("Submit for approval…").click()
    page.get_by_label("Title").fill("Output up by five")
    page.get_by_label("Why").fill("The provider raised it.")
    page.get_by_role("button", name="Submit List prices v2").click()
    return version


def mia_is_refused(page: Page, version: RateCardVersion) -> None:
    """The button is off; pressed in spite of that, the server refuses and nothing has changed."""
    approve = page.get_by_role("button", name="Approve v2")
    expect(approve).to_be_disabled()
    expect(page.get_by_text("You made this, so somebody else decides.")).to_be_visible()
    approve.evaluate("button => { button.disabled = false }")
    approve.click()
    expect(page.locator(".messages")).to_contain_text("Ask a colleague with the role that the policy names.")
    version.refresh_from_db()
    assert version.status == "SUBMITTED"
    assert not Decision.objects.filter(by__email="mia@example.com").exists()


def chen_approves(page: Page, version: RateCardVersion) -> None:
    sign_in(page, "chen")
    page.get_by_role("link", name="Output up by five").click()
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("changed gpt-4o · output EUR 10.00 10.50"))).to_be_visible()
    page.get_by_role("button", name="Approve v2").click()
    expect(page.locator(".lead .badge")).to_have_text("Scheduled")
    version.refresh_from_db()
    assert version.status == "APPROVED"


def eli_issues_a_key(page: Page) -> str:
    sign_in(page, "eli")
    page.goto("/console/api-keys/new/")
    page.get_by_label("Name").fill("Gateway")
    page.get_by_label("events:write").check()
    page.get_by_role("button", name="Issue API key").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("heading", name="Gateway")).to_be_visible()
    assert secret not in page.content()
    return secret


def finn_prepares(page: Page, closed: Invoice) -> None:
    sign_in(page, "finn")
    page.goto("/console/invoices/?tab=ready")
    page.get_by_role("row", name=re.compile("Acme Robotics GmbH")).get_by_role("link").first.click()
    expect(page.locator("dd", has_text="EUR 13.96")).to_be_visible()
    page.get_by_role("button", name="Freeze for review").click()
    expect(page.get_by_text("You prepared this invoice, so a colleague approves it.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve and issue EUR 13.96")).to_be_disabled()
    closed.refresh_from_db()
    assert closed.status == "IN_REVIEW"


def rosa_approves_and_issues(page: Page, closed: Invoice) -> None:
    sign_in(page, "rosa")
    page.goto("/console/invoices/")
    page.get_by_role("row", name=re.compile("Acme Robotics GmbH")).get_by_role("link").first.click()
    row = page.get_by_role("row", name=re.compile("gpt-4o · input 3.000001"))
    expect(row).to_contain_text("7.50")
    page.get_by_role("button", name="Approve and issue EUR 13.96").click()
    expect(page.locator(".lead .badge").first).to_have_text("Issued")
    closed.refresh_from_db()
    assert (closed.status, closed.net, closed.tax, closed.total) == (
        "ISSUED", Decimal("11.73"), Decimal("2.23"), Decimal("13.96"),
    )  # fmt: skip


def pat_sees_both_prices(page: Page, running: Invoice) -> None:
    """The page rates on the spot, the draft was rated by `bill` or the worker: the same lines."""
    expected = [("1", "10.00"), ("1", "10.50")]
    lines = running.lines.order_by("position").values_list("quantity", "amount")
    assert [(f"{quantity:f}".rstrip("0").rstrip("."), f"{amount:.2f}") for quantity, amount in lines] == expected
    sign_in(page, "pat")
    expect(page.get_by_role("heading", name="Acme Robotics GmbH")).to_be_visible()
    page.get_by_role("link", name="Cost", exact=True).click()
    for (_, amount), line in zip(expected, page.locator("details.line").all(), strict=True):
        expect(line.locator("summary")).to_contain_text(amount)
    expect(page.locator(".line-total")).to_contain_text("20.50")
    assert running.net == Decimal("20.50")


def pat_opens_the_invoice(page: Page, closed: Invoice) -> None:
    sign_in(page, "pat")
    page.get_by_role("link", name="Invoices", exact=True).click()
    page.get_by_role("link", name=closed.number or "", exact=True).click()
    expect(page.get_by_text("11.73 net and 2.23 tax")).to_be_visible()
    shown = page.locator("details.line summary").all_inner_texts()
    ours = closed.lines.order_by("position").values_list("amount", flat=True)
    assert [text.split()[-1] for text in shown] == [f"{amount:.2f}" for amount in ours]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    paper = "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(download.value.path().read_bytes())).pages)
    assert {closed.number, "7.50", "1.23", "3.00", "11.73", "2.23", "13.96"} <= set(paper.split())


def sign_in(page: Page, name: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


# -- machines


def usage_arrives(page: Page, token: str, stage: Stage, changes_at: datetime) -> None:
    """Send a closed period and, of the running one, the last microsecond of the old price and the first of the new."""
    events = [
        event("c1", stage.day(2), "gpt-4o", input=3_000_000, output=123_456),
        event("c2", stage.day(2), "gpt-4o", input=1),
        event("c3", stage.day(9), "claude", input=1_000_000),
        event("r1", changes_at - MICROSECOND, "gpt-4o", output=1_000_000),
        event("r2", changes_at, "gpt-4o", output=1_000_000),
    ]
    assert counts(send(page, token, events)) == {"accepted": 5, "duplicates": 0, "quarantined": 0}
    assert counts(send(page, token, events[::-1])) == {"accepted": 0, "duplicates": 5, "quarantined": 0}


def event(name: str, time: datetime, model: str, **tokens: int) -> dict[str, Any]:
    data = {"model": model} | {f"{kind}_tokens": number for kind, number in tokens.items()}
    return {"id": name, "type": "llm.request", "subject": "acme", "time": time.isoformat(), "data": data}


def send(page: Page, token: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    address = page.evaluate("location.origin") + "/api/v1/events"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(address, json.dumps(events).encode(), headers), timeout=30) as answer:
        received: dict[str, Any] = json.load(answer)
    return received


def counts(receipt: dict[str, Any]) -> dict[str, int]:
    return {name: receipt[name] for name in ("accepted", "duplicates", "quarantined")}


def the_new_price_is_in_force(page: Page, version: RateCardVersion) -> None:
    sign_in(page, "mia")
    page.goto(f"/console/rate-cards/versions/{version.pk}/")
    expect(page.locator(".lead .badge")).to_have_text("In force")


def drafts(stage: Stage) -> tuple[Invoice, Invoice]:
    """Draft what is due; the worker keeps it up to date from here on."""
    call_command("bill", stdout=StringIO())
    running, closed = Invoice.objects.filter(contract=stage.contract).order_by("-period_starts_at")
    return running, closed


def the_worker_makes_the_paper(closed: Invoice) -> None:
    papers = Document.objects.filter(invoice=closed)
    eventually(papers.filter(status="READY").exists, 60)
    assert papers.count() == 1


def the_books_are_clean() -> None:
    said = StringIO()
    call_command("check_books", stdout=said)
    assert said.getvalue().endswith("The books are clean.\n")
    assert "✗" not in said.getvalue()
