"""Commits of a contract's draft: what may be drawn when, what is billed for it when, at which prices of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.actions import parts
from catalog.actions.commit_errors import inside, price_errors, schedule_errors
from catalog.models import Commit, CommitPrice, Contract, Instrument, Product, Purchase
from catalog.rules.schedules import Billing, Equal, Item, Spread, access_items, equal_invoices
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import refuse_if
from monetization.values.money import allocate, total_of


@dataclass(frozen=True, slots=True)
class CommitDraft:
    """What shall be agreed; ``prices``: of a product for values, its price or a multiple of the list's.

    A schedule is stated, or made from a whole amount. An item without a last day serves as long as the contract.
    """

    kind: str
    access: Sequence[Item] | Spread
    invoices: Sequence[Billing] | Equal = ()
    priority: int = 0
    rollover_percent: Decimal = Decimal(0)
    products: Sequence[Product] = ()
    tags: Sequence[str] = ()
    dimensions: Mapping[str, str] = field(default_factory=dict)
    prices: Sequence["OwnPriceDraft"] = ()


@dataclass(frozen=True, slots=True)
class OwnPriceDraft:
    """A price of the commit's own: one of the two numbers."""

    product: Product
    match: Mapping[str, str] = field(default_factory=dict)
    unit_price: Decimal | None = None
    multiplier: Decimal | None = None


@transaction.atomic
def add(*, contract: Contract, key: str, name: str, content: CommitDraft, by: User, at: datetime) -> Commit:
    """Agree a commit with its schedules. Raises Invalid, naming the item that is wrong."""
    contract = parts.draft(contract, by)
    access, invoices = _access(contract, content.access), _invoices(contract, content.invoices)
    refuse_if([*schedule_errors(contract, content.kind, access, invoices)])
    refuse_if([*price_errors(content.prices)])
    commit = Commit(
        contract=contract, key=key, name=name, kind=content.kind, priority=content.priority,
        rollover_percent=content.rollover_percent, tags=list(content.tags), dimensions=dict(content.dimensions),
    )  # fmt: skip
    parts.add(contract, commit, content.products, by=by, at=at)
    kept: dict[str, Any] = {"by": by, "at": at}
    billed = [Purchase(commit=commit, amount=each.amount, date=each.date) for each in invoices]
    for row in (*_items(commit, access, invoices), *billed, *_prices(commit, content)):
        rows.check(row)
        rows.keep(row, **kept)
    return commit


def _items(commit: Commit, access: Sequence[Item], invoices: Sequence[Billing]) -> Sequence[Instrument]:
    """Make the access items; each costs its share of what is billed."""
    contract, many = commit.contract, len(access) > 1
    billed = total_of(each.amount for each in invoices)
    costs = allocate(billed, [each.amount for each in access], contract.currency)
    return [
        Instrument(
            account=contract.account, contract=contract, commit=commit, kind=commit.kind, name=commit.name,
            key=f"{commit.key}.{number}" if many else commit.key, currency=contract.currency, amount=item.amount,
            invoiced=cost, priority=commit.priority, rollover_percent=commit.rollover_percent,
            start_date=item.start_date, end_date=item.end_date or contract.end_date,
        )
        for number, (item, cost) in enumerate(zip(access, costs, strict=True), start=1)
    ]  # fmt: skip


def _access(contract: Contract, said: Sequence[Item] | Spread) -> Sequence[Item]:
    if not isinstance(said, Spread):
        return said
    with inside("spread_access"):
        return access_items(said, contract.start_date, contract.end_date, contract.currency)


def _invoices(contract: Contract, said: Sequence[Billing] | Equal) -> Sequence[Billing]:
    if not isinstance(said, Equal):
        return said
    with inside("equal_invoices"):
        return equal_invoices(said, contract.start_date, contract.currency)


def _prices(commit: Commit, content: CommitDraft) -> Sequence[CommitPrice]:
    return [
        CommitPrice(
            commit=commit, product=each.product, match=dict(each.match), unit_price=each.unit_price,
            multiplier=each.multiplier,
        )
        for each in content.prices
    ]  # fmt: skip
