"""From a business fact to transfers: which account owes which, how much, and a source that happens
once.

A transfer has a debit side, a credit side and a positive amount, so an unbalanced one can't be
written. A negative line or tax swaps the sides; a zero one makes no transfer. ``source`` is unique
for ever, which makes booking the same fact twice impossible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from monetization.values.errors import Invalid
from monetization.values.money import EXACT

RECEIVABLE, CASH, TAX_PAYABLE = "receivable", "cash", "tax_payable"
DEFERRED, GRANTED, BREAKAGE = "deferred_revenue", "credits_granted", "breakage"
SEVERAL = "several"
INVOICE_ISSUED, PAYMENT_RECORDED, VALUE_EXPIRED = "invoice_issued", "payment_recorded", "value_expired"


@dataclass(frozen=True, slots=True)
class Books:
    """Where it is booked: environment key, legal entity key, currency."""

    environment: str
    entity: str
    currency: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A positive ``amount`` from the credit to the debit account, and why."""

    books: Books
    debit: str
    credit: str
    amount: Decimal
    code: str
    source: str

    def __post_init__(self) -> None:
        if self.amount <= 0 or self.debit == self.credit:
            raise Invalid("A transfer moves a positive amount between two accounts", field="amount")


@dataclass(frozen=True, slots=True)
class Due:
    """A printed line (``part`` is ``line:3``) or tax (``tax:S:19``) and who earns it."""

    part: str
    account: str
    amount: Decimal


def revenue(product: str) -> str:
    """Name the revenue account of a product; without one, that of what is for several."""
    return f"revenue:{product or SEVERAL}"


def line_due(position: int, product: str, amount: Decimal) -> Due:
    """Name what a line at a printed position earns, and for which product."""
    return Due(f"line:{position}", revenue(product), amount)


def deferred_due(position: int, amount: Decimal) -> Due:
    """Name what a purchase adds to what is owed to the customer in service."""
    return Due(f"line:{position}", DEFERRED, amount)


def drawn_dues(position: int, amount: Decimal, paid: Decimal) -> Iterator[Due]:
    """Name who bears a line that draws: for what was paid it is deferred revenue; the rest was free."""
    yield Due(f"line:{position}:paid", DEFERRED, EXACT.minus(paid))
    yield Due(f"line:{position}:free", GRANTED, EXACT.add(amount, paid))


def expired(invoice: int, lost: Iterable[tuple[int, Decimal]], books: Books) -> tuple[Transfer, ...]:
    """Book paid value that expired with an invoice's period: it is earned as breakage."""
    return tuple(
        Transfer(books, DEFERRED, BREAKAGE, amount, VALUE_EXPIRED, f"invoice:{invoice}:expired:{instrument}")
        for instrument, amount in lost
        if amount
    )


def tax_due(category: str, percent: Decimal, amount: Decimal) -> Due:
    """Name what a tax of one category and rate adds to what is owed to the state."""
    return Due(f"tax:{category}:{percent.normalize():f}", TAX_PAYABLE, amount)


def issued(invoice: int, dues: Iterable[Due], books: Books) -> tuple[Transfer, ...]:
    """Book an issued invoice: the customer owes each line and each tax."""
    return tuple(_issued(f"invoice:{invoice}:issued", dues, books))


def paid(invoice: int, payment: int, amount: Decimal, books: Books) -> Transfer:
    """Book a payment: cash comes in and the receivable falls."""
    source = f"invoice:{invoice}:payment:{payment}"
    return Transfer(books, CASH, RECEIVABLE, amount, PAYMENT_RECORDED, source)


def balances(transfers: Iterable[Transfer]) -> dict[str, Decimal]:
    """Sum debits less credits per account; over all accounts that is always zero."""
    sums: dict[str, Decimal] = {}
    for each in transfers:
        sums[each.debit] = EXACT.add(sums.get(each.debit, Decimal(0)), each.amount)
        sums[each.credit] = EXACT.subtract(sums.get(each.credit, Decimal(0)), each.amount)
    return sums


def _issued(source: str, dues: Iterable[Due], books: Books) -> Iterator[Transfer]:
    for due in dues:
        if due.amount:
            sides = (RECEIVABLE, due.account) if due.amount > 0 else (due.account, RECEIVABLE)
            yield Transfer(books, *sides, abs(due.amount), INVOICE_ISSUED, f"{source}:{due.part}")
