"""A running month and an issued one, for the tests of the portal: small numbers that can be added up by hand.

It is 20 November 2026, 13:00 in Berlin. October of acme (EUR) and globex (EUR, Tokyo) is issued; November runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.actions import documents, invoices
from billing.models import Invoice, TaxRate
from catalog.models import Contract
from catalog.queries import period_of
from metering.actions.ingest import ingest
from monetization.foundation.models import Account
from tests import deals
from tests.make import World

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
IN_OCTOBER = datetime(2026, 10, 15, tzinfo=UTC)
CLOSED = datetime(2026, 11, 5, 9, tzinfo=UTC)
# id, account, time, model, tokens in, tokens out (None: the event has no such field)
EVENTS: Sequence[tuple[str, str, str, str, int, int | None]] = (
    ("a1", "acme", "2026-09-30T22:30:00Z", "claude", 1_000_000, None),  # 1 October, 0:30 in Berlin
    ("a2", "acme", "2026-10-05T10:15:00Z", "gpt-4o", 2_000_000, 100_000),
    ("a3", "acme", "2026-11-02T08:00:00Z", "gpt-4o", 4_000_000, 200_000),
    ("a4", "acme", "2026-11-02T08:20:00Z", "gpt-4o", 1_000_001, None),
    ("a5", "acme", "2026-11-18T23:30:00Z", "claude", 500_000, 40_000),  # 19 November, 0:30 in Berlin
    ("g1", "globex", "2026-10-07T01:00:00Z", "gpt-4o", 8_000_000, 1_000_000),
    ("g2", "globex", "2026-11-07T01:00:00Z", "gpt-4o", 6_000_000, 1_000_000),
)


@dataclass
class Filled:
    """The world with contracts, usage and two issued invoices."""

    world: World
    contracts: dict[str, Contract] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)


def filled(world: World) -> Filled:
    """Price, agree, use, and issue October."""
    made = Filled(world)
    card = deals.list_prices(world).rate_card
    TaxRate.objects.create(
        environment=world.live, country="DE", percent=Decimal(19), start_date=date(2007, 1, 1), source="§ 12 UStG"
    )
    for account in (world.acme, world.globex):
        made.contracts[account.key] = deals.contract(world, account, card)
    ingest(environment=world.live, events=[event(*each) for each in EVENTS], by=None, at=NOW)
    for key, contract in made.contracts.items():
        made.invoices[key] = issued(world, contract)
    return made


def event(number: str, subject: str, time: str, model: str, given: int, made: int | None) -> dict[str, Any]:
    """Write an event as it is sent."""
    data = {"model": model, "input_tokens": given} | ({} if made is None else {"output_tokens": made})
    return {"id": number, "type": "llm.request", "subject": subject, "time": time, "data": data}


def issued(world: World, contract: Contract) -> Invoice:
    """Draft October, have finn prepare and rosa approve it, and issue it on 5 November."""
    draft = invoices.draft(contract=contract, period=period_of(contract, IN_OCTOBER), by=world.finn, at=CLOSED)
    reviewed = invoices.review(invoice=draft, by=world.finn, at=CLOSED)
    seen = bytes(reviewed.content_digest or b"")
    approved = invoices.approve(invoice=reviewed, seen=seen, by=world.rosa, at=CLOSED)
    return invoices.issue(invoice=approved, by=world.finn, at=CLOSED)


def with_pdf(invoice: Invoice) -> Invoice:
    """Make the invoice's PDF as the worker does."""
    documents.make(invoice.documents.get().pk, CLOSED)
    return invoice


def account_of(made: Filled, key: str) -> Account:
    """Give an account of the world."""
    return made.world.accounts[key]
