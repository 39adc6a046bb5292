"""Walls of the dues: what the database refuses, whoever asks, and what a customer's people can read."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError, ProgrammingError

from billing.models import Invoice, Payment
from tests.make import World
from tests.priced import Priced, approved, draft, issued, october, priced, reviewed, use

REFUSED = (IntegrityError, ProgrammingError, DatabaseError)


@pytest.fixture
def terms(world: World) -> Priced:
    made = priced(world)
    use(world, [*october(), *october("globex", 2)])
    return made


def refused(sql: str) -> str:
    with pytest.raises(REFUSED) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return str(error.value)


@pytest.mark.parametrize(
    "table", ["billing_transfer", "billing_issuedcopy", "billing_payment"],
)  # fmt: skip
def test_books_are_append_only(world: World, terms: Priced, table: str) -> None:
    invoice = issued(world, terms.acme)
    Payment.objects.create(
        environment=world.live, invoice=invoice, amount=1, currency="EUR", received_date="2026-11-04", reference="x",
        recorded_by=world.finn, recorded_at=invoice.issued_at,
    )  # fmt: skip
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        assert "permission denied" in refused(sql)


@pytest.mark.parametrize("status", ["IN_REVIEW", "APPROVED", "ISSUED"])
def test_a_frozen_invoice_does_not_change(world: World, terms: Priced, status: str) -> None:
    make = {"IN_REVIEW": reviewed, "APPROVED": approved, "ISSUED": issued}[status]
    make(world, terms.acme)
    for sql in (
        "UPDATE billing_invoice SET net = 1, tax = 0, total = 1",
        "UPDATE billing_invoice SET usage_mark = usage_mark + 1",
        "UPDATE billing_invoice SET period_ends_at = period_ends_at + interval '1 hour'",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET amount = 0",
        "DELETE FROM billing_invoiceline",
        "UPDATE billing_invoicetax SET base = 0",
        "DELETE FROM billing_evidence",
        "INSERT INTO billing_invoicetax (invoice_id, category, percent, base, amount, reason)"
        " SELECT id, 'Z', 0, 0, 0, '' FROM billing_invoice",
    ):
        assert "frozen" in refused(sql), sql


@pytest.mark.parametrize("change", ["due_date = '2030-01-01'", "number = 'TG-1'", "approved_by_id = NULL",
                                    "content_digest = NULL", "issued_at = now()"])  # fmt: skip
def test_what_was_issued_stays(world: World, terms: Priced, change: str) -> None:
    issued(world, terms.acme)
    assert "frozen" in refused(f"UPDATE billing_invoice SET {change}")
    assert "frozen" in refused("DELETE FROM billing_flag")


def test_states_move_along_the_arrows(world: World, terms: Priced) -> None:
    draft(terms.acme)
    for status in ("APPROVED", "ISSUED", "PAID"):
        assert "cannot become" in refused(f"UPDATE billing_invoice SET status = '{status}', number = 'X'")


def test_the_database_knows_preparer_number_and_paid(world: World, terms: Priced) -> None:
    invoice = reviewed(world, terms.acme)
    by = world.finn.pk
    assert "invoice_checker_is_not_preparer" in refused(f"UPDATE billing_invoice SET approved_by_id = {by}")
    assert "invoice_numbered_when_issued" in refused("UPDATE billing_invoice SET number = 'TG-1'")
    assert "invoice_paid_within_total" in refused("UPDATE billing_invoice SET paid = total + 1")
    assert Invoice.objects.get(pk=invoice.pk).paid == 0


COUNTED = ("billing_invoice", "billing_invoiceline", "billing_invoicetax", "billing_evidence", "billing_issuedcopy",
           "billing_document", "billing_payment")  # fmt: skip


def seen_by_portal(account_ids: str) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE portal")
        cursor.execute("SELECT set_config('portal.account_ids', %s, true)", [account_ids])
        counts = []
        for table in COUNTED:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counts.append(cursor.fetchone()[0])
        transaction.set_rollback(True)
    return counts


def test_the_portal_reads_issued_invoices_of_its_accounts(world: World, terms: Priced) -> None:
    issued(world, terms.acme)
    reviewed(world, terms.globex)
    assert seen_by_portal(str(world.acme.pk)) == [1, 2, 1, 2, 1, 1, 0]
    assert seen_by_portal(f"{world.acme_us.pk},{world.globex.pk}") == [0] * 7  # under review is not theirs yet
    assert seen_by_portal("") == [0] * 7


@pytest.mark.parametrize("table", ["billing_transfer", "billing_flag", "billing_ledgeraccount"])
def test_the_portal_reads_no_books(world: World, terms: Priced, table: str) -> None:
    assert "permission denied" in refused(f"SET LOCAL ROLE portal; SELECT * FROM {table}")


def test_the_portal_writes_nothing(world: World, terms: Priced) -> None:
    issued(world, terms.acme)
    for table in COUNTED:
        assert "permission denied" in refused(f"SET LOCAL ROLE portal; UPDATE {table} SET id = id")
