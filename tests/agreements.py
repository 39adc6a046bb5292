"""Contracts that agree more than prices: fees, discounts, minimums, commits and credits, by its own actions."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.actions import commits, contracts, grants, instruments, recurring
from catalog.models import Contract, RateCard
from catalog.rules.schedules import Billing, Item
from monetization.foundation.models import Account
from tests import deals, priced
from tests.make import AT, World

D = Decimal
FIRST = date(2026, 10, 1)


def contract(
    world: World, *parts: tuple[Callable[..., Any], dict[str, Any]], account: Account | None = None, **terms: Any
) -> Contract:
    """Agree with acme from 1 October 2026, by calendar months, on list prices and these parts."""
    card = RateCard.objects.filter(key="list").first()
    if card is None:
        card = priced.list_card(world)
    given = {"start_date": date(2026, 10, 1), "anchor": "first", "key": "acme-deal"} | terms
    draft = deals.draft_contract(world, account or world.acme, card, **given)
    for add, said in parts:
        add(contract=draft, by=world.chen, at=AT, **said)
    request = contracts.submit(contract=draft, reason="Signed", by=world.chen, at=AT)
    deals.approve(request, world.rosa, at=AT)
    draft.refresh_from_db()
    return draft


def credit(amount: str, key: str = "welcome", **more: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Agree a credit."""
    said = {"key": key, "name": key.capitalize(), "kind": "CREDIT", "amount": D(amount)}
    return instruments.add, said | more


def prepaid(amount: str, invoiced: str, key: str = "annual", **more: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Agree a prepaid commit."""
    return credit(amount, key, kind="PREPAID", invoiced=D(invoiced), **more)


def granted(world: World, amount: str, key: str = "sorry", at: datetime = AT, **more: Any) -> None:
    """Grant acme, or another account, a credit outside of its contract; finn approves it."""
    said: dict[str, Any] = {"account": world.acme, "currency": "EUR", "start_date": date(2026, 10, 1)} | more
    request = grants.request(
        key=key, name=key.capitalize(), amount=D(amount), reason="Outage", by=world.chen, at=at,
        **said,
    )  # fmt: skip
    deals.approve(request, world.finn, at=at)


def commit(
    kind: str, access: Sequence[Item], invoices: Sequence[Billing] = (), key: str = "annual", **more: Any
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Agree a commit with schedules."""
    content = commits.CommitDraft(kind, access, invoices, **more)
    return commits.add, {"key": key, "name": key.capitalize(), "content": content}


def monthly(amount: str, key: str = "free", **more: Any) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Agree a recurring grant."""
    return recurring.add, {"key": key, "name": key.capitalize(), "amount": D(amount)} | more
