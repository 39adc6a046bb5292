"""What tests of dues look at: lines, movements, bookings, and whether the books are clean."""

from datetime import datetime
from decimal import Decimal

from billing.actions import invoices
from billing.models import Invoice, Movement, Transfer
from billing.queries import books_checks
from billing.rules import transfers as rules
from tests.make import World


def clean(at: datetime) -> None:
    """Hold all checks of the books, but those of what a worker does."""
    found = {check.name: check.find(at) for check in books_checks()}
    for name in ("documents_are_made", "outbox_is_moving"):
        found.pop(name)
    assert {name: rows for name, rows in found.items() if rows} == {}


def lines(invoice: Invoice) -> list[tuple[str, str, str]]:
    """Kind, description and amount of each line."""
    rows = invoice.lines.order_by("position")
    return [(row.kind, row.description, f"{row.amount:.2f}") for row in rows]


def moved(key: str) -> list[tuple[str, str]]:
    """Kind and amount of each movement of an instrument, as booked."""
    rows = Movement.objects.filter(instrument__key=key).order_by("pk")
    return [(row.kind, f"{row.amount:.2f}") for row in rows]


def issue(world: World, invoice: Invoice, at: datetime) -> Invoice:
    """Bring an invoice all the way: finn prepares, rosa approves and issues."""
    if invoice.status == "DRAFT":
        invoice = invoices.review(invoice=invoice, by=world.finn, at=at)
    seen = bytes(invoice.content_digest or b"")
    invoice = invoices.approve(invoice=invoice, seen=seen, by=world.rosa, at=at)
    return invoices.issue(invoice=invoice, by=world.rosa, at=at)


def booked(*every: Invoice) -> dict[str, str]:
    """Debits less credits by account, over these invoices."""
    rows = Transfer.objects.filter(invoice__in=every).select_related("debit", "credit")
    books = rules.Books("live", "gmbh", "EUR")
    found = rules.balances(
        rules.Transfer(books, row.debit.code, row.credit.code, row.amount, row.code, row.source) for row in rows
    )
    return {code: f"{amount:.2f}" for code, amount in found.items() if amount != Decimal(0)}
