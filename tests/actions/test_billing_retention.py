"""Which months of events may go: none that an invoice, a contract, late usage or a policy still needs."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from billing import tasks
from billing.actions import invoices, retention
from billing.models import Invoice
from billing.queries import retention as queries
from billing.queries.books import books_checks
from catalog.queries import period_of
from metering.actions import partitions
from metering.models import Event, EventPartition, HourlyUsage
from monetization.values.errors import NotAllowed, WrongState
from tests import deals, make, priced
from tests.actions.test_billing_books import owner
from tests.priced import event, use

JANUARY = date(2026, 1, 1)
START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 9, 5, 9, tzinfo=UTC)
MOVING = ("outbox_is_moving", "documents_are_made")  # no worker runs here


@pytest.fixture
def terms(world: make.World, settings) -> priced.Priced:
    settings.EVENT_RETENTION_MONTHS = 6
    made = priced.priced(world, start_date=JANUARY)
    days = [START + timedelta(days=day, hours=12) for day in range(0, 56, 5)]
    use(world, [event(account, day, input=1_000_000) for account in ("acme", "globex") for day in days])
    partitions.seal(month=JANUARY, at=AT)
    return made


def bill(world, contract, *days: datetime, status="ISSUED") -> Invoice:
    for day in days:
        invoice = invoices.draft(contract=contract, period=period_of(contract, day), by=None, at=AT)
        if status == "DRAFT":
            return invoice
        invoice = invoices.review(invoice=invoice, by=world.finn, at=AT)
        invoice = invoices.approve(invoice=invoice, seen=bytes(invoice.content_digest), by=world.rosa, at=AT)
        invoice = invoices.issue(invoice=invoice, by=world.rosa, at=AT)
    return invoice


def bill_both(world, terms) -> None:
    """Issue what touches January in UTC: acme's February begins in it, globex's January before it."""
    bill(world, terms.acme, START, START + timedelta(days=40))
    bill(world, terms.globex, START, START + timedelta(days=40))


def reasons(at=AT) -> list[str]:
    return queries.reasons(month=JANUARY, months_kept=retention.policy(), at=at)


def test_without_a_policy_events_are_kept_for_ever(world, terms, settings):
    settings.EVENT_RETENTION_MONTHS = None
    bill_both(world, terms)
    assert reasons() == ["Events are kept for ever: EVENT_RETENTION_MONTHS is not set"]
    assert queries.expired(months_kept=None, at=AT) == []


def test_the_policy_counts_whole_months_after_the_month(world, terms):
    bill_both(world, terms)
    last = datetime(2026, 7, 31, 23, 59, tzinfo=UTC)
    assert reasons(last) == ["Events are kept for 6 months: these until 01 August 2026"]
    assert reasons(datetime(2026, 8, 1, tzinfo=UTC)) == []


def test_every_period_that_touches_the_month_must_be_issued(world, terms):
    acme = f"{world.acme.name}: contract acme-2026 has a period that is not issued"
    globex = f"{world.globex.name}: contract globex-2026 has a period that is not issued"
    assert reasons() == [acme, globex]
    bill(world, terms.acme, START)
    bill(world, terms.globex, START, START + timedelta(days=40))
    assert reasons() == [acme]  # its February begins at 23:00 UTC of 31 January
    draft = bill(world, terms.acme, START + timedelta(days=40), status="DRAFT")
    assert reasons() == [acme, f"{world.acme.name}: an invoice (draft) bills time of this month"]
    draft = invoices.review(invoice=draft, by=world.finn, at=AT)
    assert reasons()[1] == f"{world.acme.name}: an invoice (in review) bills time of this month"
    draft = invoices.approve(invoice=draft, seen=bytes(draft.content_digest), by=world.rosa, at=AT)
    invoices.issue(invoice=draft, by=world.rosa, at=AT)
    assert reasons() == []


def test_late_usage_that_is_not_settled_holds_the_month(world, terms):
    bill_both(world, terms)
    use(world, [event("acme", START + timedelta(days=3), input=5)], at=AT)
    (why,) = reasons()
    assert why.startswith(world.acme.name) and "was frozen and is not settled" in why


def test_a_contract_that_is_not_signed_yet_holds_the_month(world, terms):
    bill_both(world, terms)
    unsigned = deals.draft_contract(world, world.acme_us, terms.card, at=AT, key="unsigned", start_date=JANUARY)
    assert reasons() == []  # no usage in its time
    use(world, [event("acme-us", START + timedelta(days=3), input=5)], at=AT)
    assert reasons() == [f"{world.acme_us.name}: contract unsigned is not approved, and there is usage in its time"]
    type(unsigned).objects.filter(pk=unsigned.pk).update(start_date=date(2026, 3, 1))
    assert reasons() == []


@pytest.mark.django_db(transaction=True)
def test_an_invoice_without_evidence_holds_the_month(transactional_db):
    world = make.world()
    terms = priced.priced(world)
    use(world, priced.october())
    priced.issued(world, terms.acme)
    october = {"month": date(2026, 10, 1), "months_kept": 3, "at": datetime(2027, 6, 1, tzinfo=UTC)}
    unproven = f"{world.acme.name}: line 1 of invoice TG-2026-000001 has no evidence"
    assert unproven not in queries.reasons(**october)
    with owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; DELETE FROM billing_evidence")
        assert unproven in queries.reasons(**october)
        transaction.set_rollback(True)


def test_dropping_leaves_clean_books_and_says_so(world, terms):
    with pytest.raises(WrongState, match="is not issued"):
        retention.drop(month=JANUARY, by=world.finn, at=AT)
    bill_both(world, terms)
    with pytest.raises(NotAllowed):
        retention.drop(month=JANUARY, by=world.mia, at=AT)
    assert EventPartition.objects.get(month=JANUARY).status == "SEALED"
    usage = list(HourlyUsage.objects.order_by("pk").values())
    events = Event.objects.count()
    assert retention.drop_expired(at=AT) == {JANUARY: 14}
    assert Event.objects.count() == events - 14
    assert list(HourlyUsage.objects.order_by("pk").values()) == usage
    found = {check.name: check.find(AT) for check in books_checks() if check.name not in MOVING}
    assert found["usage_matches_events"] == [] and not any(found.values())
    assert retention.drop_expired(at=AT) == {}


def test_an_invoice_can_not_be_frozen_on_events_that_are_gone(world, terms):
    bill_both(world, terms)
    retention.drop(month=JANUARY, by=world.finn, at=AT)
    # A contract of January signed after its events went: usage is there, evidence can't be made.
    contract = deals.contract(world, world.acme_us, terms.card, key="signed-late", start_date=JANUARY)
    draft = bill(world, contract, START + timedelta(days=3), status="DRAFT")
    with pytest.raises(WrongState, match="The events of January 2026 were dropped"):
        invoices.review(invoice=draft, by=world.finn, at=AT)


def test_what_cannot_go_is_left_by_the_task(world, terms, caplog):
    tasks.drop_expired_events()
    assert EventPartition.objects.get(month=JANUARY).status == "SEALED"


def command(*arguments, **options) -> str:
    out = StringIO()
    call_command("partitions", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_lists_says_why_and_drops(world, terms):
    assert "2026-01  Sealed               14" in command()
    said = command("drop", month="2026-01", dry_run=True)
    assert "acme-2026 has a period that is not issued" in said and said.endswith("2026-01 can't be dropped.\n")
    with pytest.raises(CommandError, match="is not issued"):
        command("drop", month="2026-01")
    bill_both(world, terms)
    assert command("drop", month="2026-01", dry_run=True) == "2026-01 can be dropped.\n"
    assert command("drop", month="2026-01").startswith("2026-01 is dropped: 14 events")
    assert "2026-01  Dropped" in command()
    assert "2026-02 is sealed: 10 events" in command("seal")
    for wrong in ({"month": "2026-13"}, {"month": ""}):
        with pytest.raises(CommandError, match="--month"):
            command("drop", **wrong)
