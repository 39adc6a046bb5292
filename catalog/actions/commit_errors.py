"""What is wrong with the schedules and prices of a commit, each said at its item."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from catalog.actions.part_errors import minor_errors, outside
from catalog.models import Commit, Contract
from catalog.rules.schedules import MOST, Billing, Item
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import total_of


@contextmanager
def inside(field: str) -> Iterator[None]:
    """Say of what is wrong in here that it is a member of this field."""
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, field=f"{field}.{error.field}", fix=error.fix) from error


def schedule_errors(
    contract: Contract, kind: str, access: Sequence[Item], invoices: Sequence[Billing]
) -> Iterator[DomainError]:
    """Refuse schedules that don't fit the contract, or each other."""
    for name, rows in (("access", access), ("invoices", invoices)):
        if len(rows) > MOST:
            yield Invalid(f"There are at most {MOST} items", field=name, fix="Choose longer periods")
    if not access:
        yield Invalid("Nothing may be drawn", field="access", fix="Add an item: amount, first and last day")
    for number, item in enumerate(access):
        yield from _item_errors(contract, item, f"access[{number}]")
        if kind == Commit.Kind.POSTPAID and item.end_date is None and contract.end_date is None:
            yield Invalid("A promise of spend ends", field=f"access[{number}].end_date", fix="Give its last day")
    yield from _billing_errors(contract, invoices)
    yield from _sum_errors(kind, access, invoices)


def price_errors(prices: Iterable[Any]) -> Iterator[DomainError]:
    """Refuse prices with both numbers, or none, and two for the same."""
    seen: list[tuple[int, Any]] = []
    for number, each in enumerate(prices):
        if (each.unit_price is None) == (each.multiplier is None):
            fix = "Give one of them"
            yield Invalid("It is a unit price or a multiplier", field=f"prices[{number}].unit_price", fix=fix)
        if (each.product.pk, each.match) in seen:
            yield Invalid("There are two prices for the same", field=f"prices[{number}].product", fix="Remove one")
        seen.append((each.product.pk, each.match))


def _item_errors(contract: Contract, item: Item, field: str) -> Iterator[DomainError]:
    if item.amount <= 0:
        yield Invalid("An amount is more than zero", field=f"{field}.amount", fix="Give what may be drawn")
    yield from minor_errors(contract.currency, f"{field}.amount", item.amount)
    if item.end_date is not None and item.end_date < item.start_date:
        fix = f"Choose {item.start_date} or later"
        yield Invalid("It ends before it starts", field=f"{field}.end_date", fix=fix)
    yield from outside(contract, [(f"{field}.start_date", item.start_date), (f"{field}.end_date", item.end_date)])


def _billing_errors(contract: Contract, invoices: Sequence[Billing]) -> Iterator[DomainError]:
    days = [each.date for each in invoices]
    for number, each in enumerate(invoices):
        field = f"invoices[{number}]"
        if each.amount <= 0:
            yield Invalid("An amount is more than zero", field=f"{field}.amount", fix="Give what is billed")
        if each.date in days[:number]:
            yield Invalid("This day is there twice", field=f"{field}.date", fix="Bill one amount a day")
        yield from minor_errors(contract.currency, f"{field}.amount", each.amount)
        yield from outside(contract, [(f"{field}.date", each.date)])


def _sum_errors(kind: str, access: Sequence[Item], invoices: Sequence[Billing]) -> Iterator[DomainError]:
    given, billed = (total_of(each.amount for each in rows) for rows in (access, invoices))
    if kind == Commit.Kind.POSTPAID and invoices:
        fix = "Take the invoices away: its use is billed, and what is short at its end"
        yield Invalid("A postpaid commit isn't billed ahead", field="invoices", fix=fix)
    elif kind == Commit.Kind.PREPAID and not billed:
        yield Invalid("A prepaid commit costs something", field="invoices", fix="Agree a credit for what is free")
    elif kind == Commit.Kind.PREPAID and billed > given:
        fix = f"Bill at most {given.normalize():f}"
        yield Invalid("More is billed than may be drawn", field="invoices", fix=fix)
