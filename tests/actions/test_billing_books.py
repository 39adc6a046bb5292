"""check_books finds every planted damage, and says nothing about clean books."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from billing.actions import documents, payments
from billing.models import Invoice
from billing.queries.books import books_checks
from monetization.foundation.actions import outbox
from monetization.foundation.connectors import mail
from tests.make import World, world
from tests.priced import NOVEMBER_5, draft, issued, october, priced, reviewed, use

# Each damage is one statement of somebody who goes around all walls; `check` is who must notice.
OTHER = "(SELECT max(id) FROM foundation_environment)"
DAMAGES: tuple[tuple[str, str], ...] = (
    ("lines_sum_to_total", "UPDATE billing_invoiceline SET amount = amount + 0.01 WHERE position = 1"),
    ("lines_sum_to_total", "UPDATE billing_invoice SET net = net + 1, total = total + 1 WHERE number <> ''"),
    ("lines_sum_to_total", "DELETE FROM billing_invoicetax WHERE category = 'S'"),
    ("tax_rests_on_lines", "UPDATE billing_invoicetax SET base = base - 1 WHERE category = 'S'"),
    ("invoice_matches_transfers", "DELETE FROM billing_transfer WHERE source LIKE '%:line:1'"),
    ("invoice_matches_transfers", "UPDATE billing_transfer SET amount = amount * 2 WHERE code = 'payment_recorded'"),
    ("invoice_matches_transfers", "UPDATE billing_transfer SET currency = 'USD' WHERE source LIKE '%:line:1'"),
    ("invoice_matches_transfers", "DELETE FROM billing_payment"),
    ("invoice_matches_transfers", "UPDATE billing_invoice SET status = 'PAID' WHERE status = 'ISSUED'"),
    (
        "credits_not_overdrawn",
        "INSERT INTO billing_movement (instrument_id, kind, amount, at, source, reason, booked_at)"
        " VALUES (999, 'EXPIRED', -1, now(), 'forged', '', now())",
    ),
    ("copy_matches_invoice", "DELETE FROM billing_issuedcopy"),
    ("copy_matches_invoice", "UPDATE billing_issuedcopy SET content = jsonb_set(content, '{total}', '\"1.00\"')"),
    ("copies_keep_their_digest", "UPDATE billing_issuedcopy SET content = jsonb_set(content, '{buyer,name}', '\"X\"')"),
    ("numbers_without_gaps", "UPDATE foundation_numberseries SET last_number = last_number + 1"),
    ("numbers_without_gaps", "UPDATE billing_invoice SET number = 'TG-2026-000009' WHERE number <> ''"),
    ("numbers_without_gaps", "DELETE FROM foundation_numberseries"),
    ("versions_do_not_overlap",
     "ALTER TABLE catalog_contract DROP CONSTRAINT one_contract_an_account_at_a_time;"
     "INSERT INTO catalog_contract SELECT (jsonb_populate_record(c, jsonb_build_object('id', 999, 'key', 'twin'))).*"
     " FROM catalog_contract c WHERE key LIKE 'acme%'"),
    ("versions_do_not_overlap",
     "DROP INDEX one_card_version_a_date;"
     "ALTER TABLE catalog_ratecardversion DROP CONSTRAINT rate_card_version_number;"
     "INSERT INTO catalog_ratecardversion"
     " SELECT (jsonb_populate_record(v, '{\"id\": 999}')).* FROM catalog_ratecardversion v"),
    ("checker_is_not_maker",
     "ALTER TABLE billing_invoice DROP CONSTRAINT invoice_checker_is_not_preparer;"
     "UPDATE billing_invoice SET prepared_by_id = approved_by_id WHERE number <> ''"),
    ("checker_is_not_maker", "DELETE FROM foundation_decision WHERE subject LIKE 'billing.invoice:%'"),
    ("checker_is_not_maker", "DELETE FROM foundation_decision WHERE subject LIKE 'foundation.change_request:%'"),
    ("checker_is_not_maker", "UPDATE billing_invoice SET content_digest = sha256('other') WHERE number <> ''"),
    ("environments_do_not_mix", "UPDATE billing_invoice SET environment_id = {OTHER}"),
    ("environments_do_not_mix", "UPDATE billing_transfer SET environment_id = {OTHER}"),
    ("environments_do_not_mix",
     "UPDATE foundation_account SET environment_id = {OTHER}"
     " WHERE key = 'globex'"),
    ("environments_do_not_mix", "UPDATE catalog_metric SET environment_id = {OTHER}"),
    ("outbox_is_moving", "UPDATE foundation_message SET spread_at = NULL, created_at = now() - interval '11 minutes'"),
    ("documents_are_made", "UPDATE billing_document SET status = 'PARKED'"),
    ("documents_are_made", "DELETE FROM billing_document"),
    ("evidence_rates_again", "UPDATE billing_invoiceline SET exact = '1/3' WHERE position = 1"),
    ("evidence_rates_again",
     "UPDATE billing_invoiceline SET steps = jsonb_set(steps, '{0,unit_price}', '\"99\"') WHERE position = 1"),
    ("evidence_rates_again", "UPDATE billing_invoiceline SET quantity = quantity + 1 WHERE position = 1"),
    ("evidence_rates_again", "UPDATE billing_evidence SET event_count = event_count + 1"),
    ("evidence_rates_again", "DELETE FROM billing_evidence"),
    ("evidence_rates_again", "UPDATE catalog_pricerow SET unit_price = unit_price + 1"),
    ("usage_matches_events", "DELETE FROM metering_event WHERE event_id = (SELECT min(event_id) FROM metering_event)"),
    ("usage_matches_events", "UPDATE metering_hourlyusage SET quantity = quantity + 1"
     " WHERE id = (SELECT min(id) FROM metering_hourlyusage)"),
    ("usage_matches_events", "DELETE FROM metering_hourlyusage"),
)  # fmt: skip


@pytest.fixture
def books(transactional_db: None) -> World:
    """Make books with an invoice of every kind: draft, under review, issued, partly paid."""
    made = world()
    terms = priced(made)
    use(made, [*october(), *october("globex", 2)])
    invoice = issued(made, terms.acme)
    payments.record(
        invoice=invoice, amount=invoice.total / 2, currency="EUR", received_date=NOVEMBER_5.date(), reference="bank-1",
        by=made.finn, at=NOVEMBER_5,
    )  # fmt: skip
    reviewed(made, terms.globex)
    draft(terms.globex, NOVEMBER_5, period=NOVEMBER_5)
    outbox.spread(at=NOVEMBER_5)
    outbox.deliver_due(at=NOVEMBER_5, send=mail.send)  # what people are told of what waits for them
    documents.make(invoice.documents.get().pk, NOVEMBER_5)
    return made


@contextmanager
def owner() -> Iterator[None]:
    """Let Django's connection be the owner's, who may do everything; undo it all at the end."""
    known, other = connections["default"].settings_dict, connections["owner"].settings_dict
    app = {name: known[name] for name in ("USER", "PASSWORD")}
    connections["default"].close()
    known.update({name: other[name] for name in app})
    try:
        yield
    finally:
        connections["default"].close()
        known.update(app)


def found() -> set[str]:
    return {check.name for check in books_checks() if check.find(timezone.now())}


@pytest.mark.pdf
def test_every_planted_damage_is_found(books: World, pango: None) -> None:
    assert Invoice.objects.count() == 3
    assert found() == set()
    missed = []
    with owner():
        for check, damage in DAMAGES:
            with transaction.atomic(), connections["default"].cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                cursor.execute(damage.replace("{OTHER}", OTHER))
                if check not in found():
                    missed.append((check, damage))
                transaction.set_rollback(True)
        assert missed == []
        assert found() == set()
    assert {check for check, _ in DAMAGES} == {check.name for check in books_checks()}


def test_the_command_exits_with_1_and_shows_the_rows(books: World) -> None:
    out = StringIO()
    call_command("check_books", "lines_sum_to_total", stdout=out)
    assert out.getvalue().splitlines()[-1] == "The books are clean."
    earlier = timezone.now() - timedelta(hours=1)
    outbox.publish(environment=books.live, topic="a.b", subject="x:1", payload={}, at=earlier)
    with pytest.raises(CommandError) as failed:
        call_command("check_books", stdout=out)
    assert failed.value.returncode == 1
    assert "✗ outbox_is_moving" in out.getvalue() and "what a.b" in out.getvalue()
    with pytest.raises(CommandError, match="no check called"):
        call_command("check_books", "nonsense")


def test_bill_drafts_and_reports(world: World) -> None:
    terms = priced(world)
    use(world, october())
    out = StringIO()
    call_command("bill", "--at", "2026-10-15T00:00:00Z", stdout=out)
    assert out.getvalue().splitlines() == [
        f"{terms.acme.key}  2026-08-31 – 2026-09-30  0.00 EUR",
        f"{terms.acme.key}  2026-09-30 – 2026-10-31  129.12 EUR",
        f"{terms.globex.key}  2026-08-31 – 2026-09-30  0 JPY",
        f"{terms.globex.key}  2026-09-30 – 2026-10-31  0 JPY",
        "4 drafted, 0 parked",
    ]
    call_command("bill", "--at", "2026-10-15", stdout=(again := StringIO()))
    assert again.getvalue() == "0 drafted, 0 parked\n"
    for wrong in (["--environment", "moon"], ["--at", "soon"]):
        with pytest.raises(CommandError):
            call_command("bill", *wrong)
