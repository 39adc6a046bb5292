"""A priced world for tests of dues: card `list`; acme pays EUR in Berlin, globex JPY in Tokyo, by calendar months."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from billing.actions import invoices, tax
from billing.models import Invoice
from catalog.models import Contract, RateCard
from catalog.queries import period_of
from metering.actions.ingest import ingest
from tests import deals
from tests.make import AT, World

OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER_5 = datetime(2026, 11, 5, 9, tzinfo=UTC)  # after October's grace in every zone
NOVEMBER_4 = NOVEMBER_5 - timedelta(days=1)
numbers = count(1)


@dataclass
class Priced:
    """The terms that tests bill by."""

    card: RateCard
    acme: Contract
    globex: Contract


def priced(world: World, **terms: Any) -> Priced:
    """Price tokens, agree with both customers from 1 September 2026, and know Germany's tax rate."""
    card = list_card(world)
    shared = {"start_date": date(2026, 9, 1), "anchor": "first"} | terms
    acme = deals.contract(world, world.acme, card, **shared)
    return Priced(card, acme, deals.contract(world, world.globex, card, currency="JPY", **shared))


def list_card(world: World) -> RateCard:
    """Price tokens on card `list`, and know Germany's tax rate."""
    tax.set_rate(
        environment=world.live, country="DE", percent=Decimal(19), start_date=date(2021, 1, 1),
        source="Umsatzsteuergesetz § 12", by=None, at=AT,
    )  # fmt: skip
    return deals.list_prices(world, currencies=("EUR", "JPY")).rate_card


def event(account: str, time: datetime, model: str = "gpt-4o", **tokens: int) -> dict[str, Any]:
    """Make an event as it is sent; `tokens` are `input` and `output`."""
    data = {"model": model} | {f"{kind}_tokens": number for kind, number in tokens.items()}
    name = f"e{next(numbers)}"
    return {"id": name, "type": "llm.request", "subject": account, "time": time.isoformat(), "data": data}


def use(world: World, events: Iterable[dict[str, Any]], at: datetime = NOVEMBER_4) -> None:
    """Ingest events; all must be accepted."""
    sent = list(events)
    receipt = ingest(environment=world.live, events=sent, by=None, at=at)
    assert receipt.accepted == len(sent), [item for item in receipt.items if item.status != "accepted"]


def october(account: str = "acme", days: int = 31, **tokens: int) -> list[dict[str, Any]]:
    """Make one event a day at noon UTC: 1,000,000 tokens in, 100,000 out, unless told otherwise."""
    used = tokens or {"input": 1_000_000, "output": 100_000}
    return [event(account, OCTOBER + timedelta(days=day, hours=12), **used) for day in range(days)]


def draft(contract: Contract, at: datetime = NOVEMBER_5, *, period: datetime = OCTOBER + timedelta(days=9)) -> Invoice:
    """Draft October's invoice of a contract."""
    return invoices.draft(contract=contract, period=period_of(contract, period), by=None, at=at)


def reviewed(world: World, contract: Contract, at: datetime = NOVEMBER_5) -> Invoice:
    """Put October's invoice under review, prepared by finn."""
    return invoices.review(invoice=draft(contract, at), by=world.finn, at=at)


def approved(world: World, contract: Contract, at: datetime = NOVEMBER_5) -> Invoice:
    """Have rosa approve what finn prepared."""
    invoice = reviewed(world, contract, at)
    return invoices.approve(invoice=invoice, seen=bytes(invoice.content_digest or b""), by=world.rosa, at=at)


def issued(world: World, contract: Contract, at: datetime = NOVEMBER_5) -> Invoice:
    """Issue October's invoice: acme's is 77.50 input + 31.00 output, net 108.50, 19 % tax, total 129.12."""
    return invoices.issue(invoice=approved(world, contract, at), by=world.rosa, at=at)
