"""How the demo company came to be where it is: months of work told through the actions, in order.

All of it is one transaction, so a demo is there whole or not at all. Instants are made up from `now`:
the month before is closed, the running one has usage up to this minute.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db import transaction

from billing.actions import invoices, payments, runs
from billing.models import Invoice
from catalog.actions import contracts
from catalog.models import RateCard
from metering.actions.ingest import ingest
from monetization.demo.catalog import approve, import_prices, propose_price_change
from monetization.demo.commits import agree_more, first_purchase
from monetization.demo.company import BUYERS, Buyer
from monetization.demo.kinds import define_kinds, kinds_on
from monetization.demo.limits import set_limits
from monetization.demo.opening import Company, open_company
from monetization.demo.plans import sell_plans, sign_up_pico
from monetization.demo.usage import days, requests_on
from monetization.values.periods import local_date, local_midnight

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BATCH = 5_000
WEDNESDAY = 2
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The story's dates: contracts start on `first`, the closed month ends before `month`."""

    now: datetime

    @property
    def month(self) -> date:
        """Return the first day of the running month."""
        return self.now.date().replace(day=1)

    @property
    def first(self) -> date:
        """Return the first day of the closed month."""
        return (self.month - DAY).replace(day=1)

    @property
    def next_month(self) -> date:
        """Return the first day after the running month."""
        return (self.month + 32 * DAY).replace(day=1)

    @property
    def opening(self) -> datetime:
        """Return when the company was founded: ten days before its first contract."""
        return datetime.combine(self.first, datetime.min.time(), UTC) - 10 * DAY


@transaction.atomic
def load(*, now: datetime, tell: Tell) -> None:
    """Tell the whole story up to `now`; each chapter says what it does."""
    calendar = Calendar(now)
    tell("people, customers, policies")
    company = open_company(calendar.opening)
    tell("the price list")
    card = import_prices(company, calendar.first, calendar.opening + HOUR)
    define_kinds(company, calendar.opening + DAY, calendar.opening + HOUR)
    sold = sell_plans(company, card, calendar.first, calendar.opening + 2 * HOUR)
    tell("contracts")
    sign_contracts(company, card, calendar)
    tell("usage of two months")
    send_usage(company, calendar)
    tell("limits of use")
    set_limits(company, now)
    sign_up_pico(company, sold["starter"], now)
    tell("invoices")
    bill_closed_month(company, calendar)
    tell("a price change that waits for approval")
    propose_price_change(company, card, calendar.next_month, now - 3 * HOUR)


def sign_contracts(company: Company, card: RateCard, calendar: Calendar) -> None:
    """Let RevOps draft a contract for each account and finance approve it."""
    at = calendar.opening + DAY
    for buyer in BUYERS:
        contract = contracts.draft(
            account=company.accounts[buyer.key],
            key=f"{buyer.key}-{calendar.first.year}",
            name=f"{buyer.name} {calendar.first.year}",
            legal_entity=company.seller,
            rate_card=card,
            currency=buyer.currency,
            start_date=calendar.first,
            discount_percent=buyer.discount,
            net_days=45 if buyer.segment == "enterprise" else 14,
            purchase_order="PO-20417" if buyer.key == "hooli" else "",
            by=company["rosa"],
            at=at,
        )
        agree_more(contract, calendar.month, company["rosa"], at)
        request = contracts.submit(contract=contract, reason="Signed by both sides", by=company["rosa"], at=at)
        approve(request, company["fay"], at + HOUR)


def send_usage(company: Company, calendar: Calendar) -> None:
    """Send every buyer's requests in batches, and a few that go wrong."""
    events = [event for buyer in BUYERS for event in _events(buyer, calendar)]
    events.sort(key=lambda event: str(event["time"]))
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        at = datetime.fromisoformat(str(batch[-1]["time"])) + timedelta(seconds=2)
        ingest(environment=company.live, events=batch, by=company["eli"], at=at)
    last = next(event for event in reversed(events) if event["type"] == "llm.request")
    ingest(environment=company.live, events=list(_mistakes(last)), by=company["eli"], at=calendar.now)


def _events(buyer: Buyer, calendar: Calendar) -> Iterator[dict[str, Any]]:
    first = datetime.combine(calendar.first, datetime.min.time())
    last = datetime.combine(calendar.now.date() + DAY, datetime.min.time())
    spike = next(day for day in days(first + 14 * DAY, last) if day.weekday() == WEDNESDAY)
    for day in days(first, last):
        asked = requests_on(buyer, day, first=first, spike=buyer.key == "hooli" and day == spike)
        for event in chain(asked, kinds_on(buyer, day, first=first)):
            if datetime.fromisoformat(event["time"]) < calendar.now - timedelta(minutes=1):
                yield event


def _mistakes(good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what goes wrong in real life: a new name, a lost field, a changed body, a wrong type."""
    lost = {name: value for name, value in good["data"].items() if name != "model"}
    for number in range(4):
        yield good | {"id": f"globex-eu-{number}", "subject": "globex-eu-prod"}
    yield good | {"id": "no-model-1", "data": lost}
    yield good | {"data": good["data"] | {"output_tokens": 1}}
    yield good | {"id": "image-1", "type": "image.generation"}
    yield good


def bill_closed_month(company: Company, calendar: Calendar) -> None:
    """Draft everything; take the closed month's invoices as far as each one's story goes."""
    month = local_midnight(calendar.month, "UTC")
    runs.draft_due(environment=company.live, by=company["finn"], at=calendar.now)
    closed = Invoice.objects.filter(kind="USAGE", period_starts_at__lt=month - 15 * DAY).select_related("account")
    mine = {invoice.account.key: invoice for invoice in closed}
    start = min(month + 4 * DAY, calendar.now - 6 * HOUR)
    steps = {"hooli": 1, "kumo": 1, "acme": 4, "globex": 3, "umbra": 2, "sakura": 3, "initech": 4}
    for key, upto in steps.items():
        _take(mine[key], upto, company, start)
    _take(first_purchase(), 4, company, start)


def _take(invoice: Invoice, upto: int, company: Company, at: datetime) -> None:
    """Take an invoice 1: into review, 2: approved, 3: issued, 4: paid."""
    invoice = invoices.review(invoice=invoice, by=company["finn"], at=at)
    if upto >= 2:
        seen = bytes(invoice.content_digest or b"")
        invoice = invoices.approve(invoice=invoice, seen=seen, by=company["fay"], at=at + HOUR)
    if upto >= 3:
        invoice = invoices.issue(invoice=invoice, by=company["fay"], at=at + 2 * HOUR)
    if upto >= 4:
        payments.record(
            invoice=invoice,
            amount=invoice.total,
            currency=invoice.currency,
            received_date=local_date(at + 2 * HOUR, invoice.account.time_zone),
            reference=f"SEPA {invoice.number}",
            by=company["finn"],
            at=at + 3 * HOUR,
        )
