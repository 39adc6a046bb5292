"""Many at once: every step of an invoice happens once, numbers have no gaps, and a frozen sum is one sum."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.actions import freezing, invoices, payments, runs
from billing.models import Document, Evidence, Invoice, Payment, Transfer
from billing.queries.books import books_checks
from metering.actions.ingest import ingest
from monetization.foundation.actions import outbox
from monetization.foundation.models import AuditEntry, Decision, NumberSeries
from monetization.values.errors import DomainError
from tests import deals, make
from tests.make import World
from tests.priced import NOVEMBER_5, OCTOBER, Priced, approved, draft, event, issued, october, priced, reviewed, use
from tests.together import done, together

EIGHT = range(8)


@pytest.fixture
def world(transactional_db: None) -> World:
    return make.world()


@pytest.fixture
def terms(world: World) -> Priced:
    made = priced(world)
    use(world, october())
    return made


def dirty() -> list[str]:
    """Name the checks of the books that find something, once messages have been spread."""
    outbox.spread(at=NOVEMBER_5)
    return [check.name for check in books_checks() if check.find(NOVEMBER_5)]


def test_numbers_have_no_gaps_when_eight_issue(world: World, terms: Priced) -> None:
    waiting = []
    for number in EIGHT:
        account = make.account(world.customers["acme"], f"acme-{number}", time_zone="Europe/Berlin", country="DE")
        contract = deals.contract(world, account, terms.card, start_date=OCTOBER.date(), anchor="first")
        use(world, october(account.key, 1 + number))
        waiting.append(approved(world, contract))
    refused = approved(world, terms.acme)
    Invoice.objects.filter(pk=refused.pk).update(content_digest=b"\0" * 32)  # this one is refused
    mixed = [*waiting[:4], refused, *waiting[4:]]
    results = together(*(lambda i=i: invoices.issue(invoice=i, by=world.rosa, at=NOVEMBER_5) for i in mixed))
    assert sorted(i.number for i in done(results)) == [f"TG-2026-{n:06d}" for n in range(1, 9)]
    assert NumberSeries.objects.get().last_number == 8
    Invoice.objects.filter(pk=refused.pk).update(content_digest=refused.content_digest)
    assert dirty() == []


def test_a_number_goes_back_when_issuing_fails_after_it_was_taken(
    world: World, terms: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = approved(world, terms.acme)

    def no_books(*args: Any) -> None:
        assert NumberSeries.objects.get().last_number == 1
        raise OSError("the books are closed")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="closed"):
        broken.setattr(freezing, "book", no_books)
        invoices.issue(invoice=invoice, by=world.rosa, at=NOVEMBER_5)
    assert not NumberSeries.objects.exists()
    assert Invoice.objects.get(pk=invoice.pk).status == "APPROVED"
    assert invoices.issue(invoice=invoice, by=world.rosa, at=NOVEMBER_5).number == "TG-2026-000001"


def test_an_invoice_is_issued_once(world: World, terms: Priced) -> None:
    invoice = approved(world, terms.acme)
    results = together(*(lambda: invoices.issue(invoice=invoice, by=world.rosa, at=NOVEMBER_5) for _ in EIGHT))
    assert len(done(results)) == 1
    assert (NumberSeries.objects.get().last_number, Transfer.objects.count(), Document.objects.count()) == (1, 3, 1)


def test_an_invoice_is_approved_once(world: World, terms: Priced) -> None:
    invoice = invoices.review(invoice=draft(terms.acme), by=None, at=NOVEMBER_5)
    seen = bytes(invoice.content_digest or b"")
    results = together(
        *(
            lambda by=by: invoices.approve(invoice=invoice, seen=seen, by=by, at=NOVEMBER_5)
            for by in [world.finn, world.rosa] * 4
        )
    )
    assert len(done(results)) == 1
    assert Decision.objects.filter(subject=f"billing.invoice:{invoice.pk}").count() == 1
    assert AuditEntry.objects.filter(action="invoice.approved").count() == 1


def test_approving_and_sending_back_exclude_each_other(world: World, terms: Priced) -> None:
    invoice = reviewed(world, terms.acme)
    seen = bytes(invoice.content_digest or b"")
    results = together(
        lambda: invoices.approve(invoice=invoice, seen=seen, by=world.rosa, at=NOVEMBER_5),
        lambda: invoices.send_back(invoice=invoice, reason="wait", by=world.finn, at=NOVEMBER_5),
    )
    invoice.refresh_from_db()
    sent_back = not isinstance(results[1], DomainError)
    assert invoice.status == ("DRAFT" if sent_back else "APPROVED")
    assert sent_back or not isinstance(results[0], DomainError)


def test_a_period_is_drafted_once(world: World, terms: Priced) -> None:
    together(*(lambda: runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5) for _ in range(4)))
    assert Invoice.objects.count() == 6
    together(*(lambda: draft(terms.acme) for _ in EIGHT))
    assert (Invoice.objects.count(), draft(terms.acme).lines.count()) == (6, 2)


def test_payments_never_pass_the_total(world: World, terms: Priced) -> None:
    invoice = issued(world, terms.acme)  # 129.12

    def pay(number: int) -> Payment:
        return payments.record(
            invoice=invoice, amount=Decimal("30.00"), currency="EUR", received_date=NOVEMBER_5.date(),
            reference=f"bank-{number}", by=world.finn, at=NOVEMBER_5,
        )  # fmt: skip

    results = together(*(lambda n=n: pay(n) for n in EIGHT))
    invoice.refresh_from_db()
    assert (len(done(results)), invoice.paid) == (4, Decimal("120.00"))


def test_usage_that_comes_during_review_is_frozen_or_late_never_half(world: World, terms: Priced) -> None:
    invoice = draft(terms.acme)

    def arrive() -> None:
        for number in range(12):
            more = [event("acme", OCTOBER + timedelta(hours=number + n), input=7, output=3) for n in range(20)]
            ingest(environment=world.live, events=more, by=None, at=NOVEMBER_5 + timedelta(minutes=number))

    results = together(arrive, lambda: invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5))
    assert done(results) == results, results
    frozen = {e.line.match["token_type"]: e for e in Evidence.objects.select_related("line")}
    events = frozen["input"].event_count
    assert (events - 31) % 20 == 0  # whole batches
    assert frozen["output"].event_count == events
    assert frozen["input"].quantity == 31_000_000 + 7 * (events - 31)
    assert dirty() == []
