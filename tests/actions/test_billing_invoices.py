"""The life of an invoice: what each step does, who may do it, and what it refuses."""

from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from billing.actions import invoices, payments, runs, upkeep
from billing.models import Document, Evidence, Invoice, IssuedCopy, Transfer
from billing.queries import invoice_document, line_trail, so_far
from billing.queries.content import content_digest
from monetization.foundation.actions import customers
from monetization.foundation.models import AuditEntry, Message, NumberSeries
from monetization.values.errors import Conflict, Invalid, NotAllowed, WrongState
from tests import deals
from tests.make import World
from tests.priced import NOVEMBER_5, OCTOBER, Priced, approved, draft, event, issued, october, priced, reviewed, use

HOUR = timedelta(hours=1)
D = Decimal


@pytest.fixture
def terms(world: World) -> Priced:
    return priced(world)


def lines(invoice: Invoice) -> list[tuple[str, Decimal, Decimal]]:
    return [(line.description, line.quantity, line.amount) for line in invoice.lines.all()]


def test_a_draft_prices_the_period_in_the_accounts_zone(world: World, terms: Priced) -> None:
    use(world, october())
    use(world, [event("acme", OCTOBER - timedelta(hours=1), input=4_000_000)])  # 1 October 01:00 in Berlin
    use(world, [event("acme", OCTOBER + timedelta(days=30, hours=23, minutes=30), input=8_000_000)])  # November there
    invoice = draft(terms.acme)
    assert (invoice.period_starts_at.isoformat(), invoice.period_ends_at.isoformat()) == (
        "2026-09-30T22:00:00+00:00", "2026-10-31T23:00:00+00:00",
    )  # fmt: skip
    assert lines(invoice) == [("gpt-4o · output", D("3.1"), D("31.00")), ("gpt-4o · input", D("35"), D("87.50"))]
    assert (invoice.net, invoice.tax, invoice.total) == (D("118.50"), D("22.52"), D("141.02"))
    assert [(t.category, t.percent, t.base, t.amount) for t in invoice.taxes.all()] == [
        ("S", D(19), D("118.50"), D("22.52"))
    ]


def test_drafting_again_changes_nothing_and_new_usage_changes_it(world: World, terms: Priced) -> None:
    use(world, october(days=2))
    first = draft(terms.acme)
    again = draft(terms.acme)
    assert (again.pk, again.total, lines(again)) == (first.pk, first.total, lines(first))
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 0
    use(world, october(days=1, input=2_000_000))
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 1
    assert lines(draft(terms.acme)) == [
        ("gpt-4o · output", D("0.2"), D("2.00")),
        ("gpt-4o · input", D("4"), D("10.00")),
    ]
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 0


def test_a_draft_follows_address_and_tax_rate(world: World, terms: Priced) -> None:
    use(world, october())
    assert draft(terms.acme).tax == D("20.62")
    customers.change_account(
        account=world.acme, changes={"country": "FR", "tax_id": "FR40303265045"}, by=None, at=NOVEMBER_5 + HOUR
    )
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 1
    invoice = Invoice.objects.get(contract=terms.acme)
    assert (invoice.tax, invoice.taxes.get().category) == (0, "AE")


def test_a_price_change_starts_a_line_at_its_instant(world: World, terms: Priced) -> None:
    use(world, october())
    middle = OCTOBER + timedelta(days=15)
    prices = deals.prices([("gpt-4o", "input", "5"), ("gpt-4o", "output", "10")], ("EUR", "JPY"))
    version = deals.version(world, terms.card, rows=prices, at=OCTOBER, effective_at=middle)
    deals.approved(world, version, at=OCTOBER + HOUR)
    assert lines(draft(terms.acme)) == [
        ("gpt-4o · output", D("3.1"), D("31.00")),
        ("gpt-4o · input", D("15"), D("37.50")),
        ("gpt-4o · input", D("16"), D("80.00")),
    ]


def test_yen_have_no_decimals(world: World, terms: Priced) -> None:
    use(world, [event("globex", OCTOBER + timedelta(days=3), input=1_300_000)])
    invoice = draft(terms.globex)
    assert lines(invoice) == [("gpt-4o · input", D("1.3"), D("3"))]  # 2.5 × 1.3 = 3.25
    assert (invoice.taxes.get().category, invoice.total) == ("O", D("3"))


def test_so_far_is_what_the_draft_says_and_writes_nothing(world: World, terms: Priced) -> None:
    use(world, october(days=3))
    at = OCTOBER + timedelta(days=9)
    before = Invoice.objects.count()
    found = so_far(contract=terms.acme, at=at)
    assert (found.totals.net, found.totals.total) == (D("10.50"), D("12.50"))
    assert Invoice.objects.count() == before
    assert draft(terms.acme).total == found.totals.total


# -- review


def test_review_freezes_lines_evidence_and_flags(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    assert (invoice.status, invoice.prepared_by, invoice.reviewed_at) == ("IN_REVIEW", world.finn, NOVEMBER_5)
    assert bytes(invoice.content_digest or b"") == content_digest(invoice)
    assert [(flag.code, flag.severity) for flag in invoice.flags.all()] == [("FIRST_INVOICE", "WARN")]
    proof = Evidence.objects.filter(line__invoice=invoice).order_by("line__position")
    assert [(each.event_count, each.quantity, len(each.buckets)) for each in proof] == [
        (31, D(3_100_000), 31), (31, D(31_000_000), 31),
    ]  # fmt: skip
    assert AuditEntry.objects.get(action="invoice.reviewed").actor == world.finn


def test_review_waits_for_the_end_of_the_period(world: World, terms: Priced) -> None:
    use(world, october(days=2))
    running = draft(terms.acme, at=OCTOBER + timedelta(days=5))
    with pytest.raises(WrongState, match="still running"):
        invoices.review(invoice=running, by=world.finn, at=OCTOBER + timedelta(days=20))
    early = invoices.review(invoice=running, by=world.finn, at=OCTOBER + timedelta(days=31, hours=1))
    assert "GRACE_RUNNING" in early.flags.values_list("code", flat=True)


def test_late_usage_is_flagged_and_not_billed(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    later = NOVEMBER_5 + HOUR
    use(world, [event("acme", later, input=10)], at=later)
    assert upkeep.note_all_late(at=later) == 0  # of November
    use(world, october(days=2), at=later)
    assert upkeep.note_all_late(at=later) == 1
    assert upkeep.note_all_late(at=later) == 0
    invoice.refresh_from_db()
    assert invoice.flags.get(code="LATE_USAGE").sentence.startswith("2 events of this period")
    assert invoice.net == D("108.50")
    assert bytes(invoice.content_digest or b"") == content_digest(invoice)


def test_sending_back_returns_to_usage(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    use(world, october(days=1), at=NOVEMBER_5 + HOUR)
    with pytest.raises(Invalid, match="reason"):
        invoices.send_back(invoice=invoice, reason=" ", by=world.rosa, at=NOVEMBER_5)
    back = invoices.send_back(invoice=invoice, reason="late usage", by=world.rosa, at=NOVEMBER_5 + HOUR)
    assert (back.status, back.net, back.content_digest, back.prepared_by) == ("DRAFT", D("112.00"), None, None)
    assert not Evidence.objects.exists()


# -- approval


def test_the_preparer_does_not_approve(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    seen = bytes(invoice.content_digest or b"")
    with pytest.raises(NotAllowed, match="somebody else"):
        invoices.approve(invoice=invoice, seen=seen, by=world.finn, at=NOVEMBER_5)
    assert Invoice.objects.get(pk=invoice.pk).status == "IN_REVIEW"
    assert invoices.approve(invoice=invoice, seen=seen, by=world.rosa, at=NOVEMBER_5).status == "APPROVED"


OTHERS = ("mia", "chen", "noel", "audra", "eli", "sal", "pat")


def test_others_neither_review_approve_nor_issue(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    attempts: list[tuple[Any, dict[str, Any]]] = [
        (invoices.approve, {"seen": bytes(invoice.content_digest or b"")}),
        (invoices.issue, {}),
        (invoices.review, {}),
        (invoices.send_back, {"reason": "no"}),
    ]
    for name in OTHERS:
        for action, more in attempts:
            with pytest.raises(NotAllowed):
                action(invoice=invoice, by=getattr(world, name), at=NOVEMBER_5, **more)
    assert Invoice.objects.get(pk=invoice.pk).revision == invoice.revision


def test_approval_is_bound_to_what_was_seen(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = reviewed(world, terms.acme)
    with pytest.raises(Conflict):
        invoices.approve(invoice=invoice, seen=b"\0" * 32, by=world.rosa, at=NOVEMBER_5)
    old = bytes(invoice.content_digest or b"")
    invoice = invoices.send_back(invoice=invoice, reason="again", by=world.rosa, at=NOVEMBER_5)
    invoice = invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5 + HOUR)
    with pytest.raises(Conflict):
        invoices.approve(invoice=invoice, seen=old, by=world.rosa, at=NOVEMBER_5 + HOUR)


def test_unpriced_usage_and_missing_tax_block(world: World, terms: Priced) -> None:
    use(world, [*october(), event("acme", OCTOBER + timedelta(days=3), model="unheard-of", input=5)])
    customers.change_account(account=world.acme, changes={"country": ""}, by=None, at=NOVEMBER_5)
    invoice = reviewed(world, terms.acme)
    flags = {flag.code: flag.sentence for flag in invoice.flags.filter(severity="BLOCK")}
    assert flags.keys() == {"UNPRICED_USAGE", "MISSING_TAX"}
    assert flags["UNPRICED_USAGE"] == "No price for 5 units (1 event) with model unheard-of, token_type input"
    with pytest.raises(WrongState) as refused:
        invoices.approve(invoice=invoice, seen=bytes(invoice.content_digest or b""), by=world.rosa, at=NOVEMBER_5)
    assert refused.value.field == "flags"


def test_large_invoices_need_two(world: World, terms: Priced) -> None:
    use(world, [event("acme", OCTOBER + timedelta(days=3), input=40_000_000_000)])
    invoice = invoices.review(invoice=draft(terms.acme), by=None, at=NOVEMBER_5)
    seen = bytes(invoice.content_digest or b"")
    assert invoices.approve(invoice=invoice, seen=seen, by=world.rosa, at=NOVEMBER_5).status == "IN_REVIEW"
    assert invoices.approve(invoice=invoice, seen=seen, by=world.finn, at=NOVEMBER_5).status == "APPROVED"


# -- issue


def test_issue_numbers_freezes_books_and_tells(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = issued(world, terms.acme)
    assert (invoice.status, invoice.number, invoice.due_date) == ("ISSUED", "TG-2026-000001", date(2026, 12, 5))
    assert IssuedCopy.objects.get(invoice=invoice).content["total"] == "129.12"
    assert [(str(t.debit), str(t.credit), t.amount, t.source.partition(":issued:")[2]) for t in ledger(invoice)] == [
        ("receivable", "revenue:inference", D("31.00"), "line:1"),
        ("receivable", "revenue:inference", D("77.50"), "line:2"),
        ("receivable", "tax_payable", D("20.62"), "tax:S:19"),
    ]
    assert Message.objects.get(topic="invoice.issued").payload == {
        "number": "TG-2026-000001",
        "account": "acme",
        "contract": terms.acme.key,
        "currency": "EUR",
        "total": "129.12",
        "due_date": "2026-12-05",
    }
    assert Document.objects.get(invoice=invoice).status == "PENDING"


def ledger(invoice: Invoice) -> list[Transfer]:
    return list(Transfer.objects.filter(invoice=invoice).select_related("debit", "credit").order_by("pk"))


def test_an_issued_invoice_prints_what_was_issued(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = issued(world, terms.acme)
    before = invoice_document(invoice)
    changes = {"name": "Acme Renamed", "city": "Bonn"}
    customers.change_account(account=world.acme, changes=changes, by=None, at=NOVEMBER_5)
    assert invoice_document(Invoice.objects.get(pk=invoice.pk)) == before
    assert before.buyer.name == "Acme Robotics GmbH"


def test_an_address_that_moved_after_approval_is_not_issued(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = approved(world, terms.acme)
    customers.change_account(account=world.acme, changes={"city": "Bonn"}, by=None, at=NOVEMBER_5)
    with pytest.raises(Conflict):
        invoices.issue(invoice=invoice, by=world.rosa, at=NOVEMBER_5)
    assert not NumberSeries.objects.exists()


def test_number_and_due_date_are_local(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = approved(world, terms.acme)
    new_year = OCTOBER.replace(year=2026, month=12, day=31, hour=23, minute=30)  # 1 January 2027 in Berlin
    invoice = invoices.issue(invoice=invoice, by=world.rosa, at=new_year)
    assert (invoice.number, invoice.due_date) == ("TG-2027-000001", date(2027, 1, 31))


def test_an_invoice_of_nothing_is_settled_on_issue(world: World, terms: Priced) -> None:
    invoice = issued(world, terms.acme)
    assert (invoice.status, invoice.total, invoice.number) == ("PAID", 0, "TG-2026-000001")
    assert not Transfer.objects.exists()


def test_steps_out_of_order_are_refused(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = draft(terms.acme)
    with pytest.raises(WrongState):
        invoices.issue(invoice=invoice, by=world.rosa, at=NOVEMBER_5)
    with pytest.raises(WrongState):
        invoices.approve(invoice=invoice, seen=b"", by=world.rosa, at=NOVEMBER_5)
    done = issued(world, terms.acme)
    for attempt in (invoices.issue, invoices.review):
        with pytest.raises(WrongState):
            attempt(invoice=done, by=world.rosa, at=NOVEMBER_5)
    with pytest.raises(WrongState):
        invoices.send_back(invoice=done, reason="oh", by=world.rosa, at=NOVEMBER_5)
    with pytest.raises(WrongState):
        invoices.refresh(invoice=done, at=NOVEMBER_5)


# -- payments


def pay(world: World, invoice: Invoice, amount: str, **more: Any) -> Any:
    given = {"currency": "EUR", "received_date": date(2026, 11, 4), "reference": f"bank-{amount}", "by": world.finn}
    return payments.record(invoice=invoice, amount=D(amount), at=NOVEMBER_5, **(given | more))


def test_payments_settle_an_invoice(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = issued(world, terms.acme)
    pay(world, invoice, "100.00")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid) == ("ISSUED", D("100.00"))
    pay(world, invoice, "29.12")
    invoice.refresh_from_db()
    assert (invoice.status, invoice.paid) == ("PAID", D("129.12"))
    assert [(str(t.debit), str(t.credit), t.amount) for t in ledger(invoice)[-2:]] == [
        ("cash", "receivable", D("100.00")), ("cash", "receivable", D("29.12")),
    ]  # fmt: skip
    assert Message.objects.filter(topic="invoice.paid").count() == 1
    with pytest.raises(WrongState):
        pay(world, invoice, "1.00")


WRONG_PAYMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("amount", "129.13", {}),
    ("amount", "0.00", {}),
    ("amount", "-5.00", {}),
    ("amount", "1.005", {}),
    ("currency", "5.00", {"currency": "USD"}),
    ("received_date", "5.00", {"received_date": date(2026, 11, 6)}),
    ("reference", "5.00", {"reference": "  "}),
)


def test_wrong_payments_name_their_field(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = issued(world, terms.acme)
    for field, amount, more in WRONG_PAYMENTS:
        with pytest.raises(Invalid) as refused:
            pay(world, invoice, amount, **more)
        assert refused.value.field == field
    assert Invoice.objects.get(pk=invoice.pk).paid == 0


def test_a_payment_is_recorded_once(world: World, terms: Priced) -> None:
    use(world, october())
    invoice = issued(world, terms.acme)
    pay(world, invoice, "10.00", reference="DE-1")
    with pytest.raises(Conflict) as refused:
        pay(world, invoice, "10.00", reference="DE-1")
    assert refused.value.field == "reference"
    assert Invoice.objects.get(pk=invoice.pk).paid == D("10.00")


# -- runs and trails


def test_a_run_drafts_every_started_period_once(world: World, terms: Priced) -> None:
    use(world, october())
    run = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    assert sorted((i.account.key, i.period_starts_at.month, i.total) for i in run.drafted) == [
        ("acme", 8, 0), ("acme", 9, D("129.12")), ("acme", 10, 0),
        ("globex", 8, 0), ("globex", 9, 0), ("globex", 10, 0),
    ]  # fmt: skip
    assert run.parked == []
    assert runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5).drafted == []


def test_an_account_in_trouble_is_parked_and_the_others_go_on(
    world: World, terms: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    rating = import_module("billing.queries.rated")
    real = rating.terms_for

    def broken(*, contract: Any, **more: Any) -> Any:
        if contract.pk == terms.acme.pk:
            raise Invalid("No price list is in force", fix="Publish one")
        return real(contract=contract, **more)

    monkeypatch.setattr(rating, "terms_for", broken)
    use(world, [event("globex", OCTOBER + timedelta(days=3), input=2_000_000)])
    runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    parked = Invoice.objects.filter(contract=terms.acme)
    assert {flag.sentence for invoice in parked for flag in invoice.flags.all()} == {
        "No price list is in force. Publish one"
    }
    assert sorted(Invoice.objects.filter(contract=terms.globex).values_list("total", flat=True)) == [0, 0, 5]
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 0  # nothing moved, so nobody tries again
    use(world, october(days=1))
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 3
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 0
    with pytest.raises(WrongState, match="can't be computed"):
        invoices.review(invoice=parked.order_by("period_starts_at")[0], by=world.finn, at=NOVEMBER_5)


def test_a_fault_in_one_draft_does_not_stop_the_others(
    world: World, terms: Priced, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = {contract.pk: draft(contract) for contract in (terms.acme, terms.globex)}
    use(world, [*october(days=1), *october("globex", 1)])
    rating = import_module("billing.queries.rated")
    real = rating.bill

    def broken(agreed: Any, usage: Any) -> Any:
        if agreed.contract == terms.acme.key:
            raise ZeroDivisionError
        return real(agreed, usage)

    monkeypatch.setattr(rating, "bill", broken)
    assert upkeep.refresh_stale(at=NOVEMBER_5 + HOUR) == 1
    assert Invoice.objects.get(pk=drafted[terms.globex.pk].pk).net == 4
    assert runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5).parked == [
        (terms.acme.key, "ZeroDivisionError: ")
    ]


def test_figures_that_no_column_holds_park_the_draft(world: World, terms: Priced) -> None:
    dear = deals.prices([("gpt-4o", "input", "1000000000000")], ("EUR", "JPY"))
    version = deals.version(world, terms.card, rows=dear, at=OCTOBER, effective_date=date(2026, 10, 3))
    deals.approved(world, version, at=OCTOBER)
    use(world, [event("acme", OCTOBER + timedelta(days=9), input=10**20 - 1)])
    invoice = draft(terms.acme)
    assert (invoice.total, invoice.flags.get().code) == (0, "PARKED")
    assert invoice.flags.get().sentence.startswith("gpt-4o · input: the figures are larger")


def test_every_line_leads_to_its_usage(world: World, terms: Priced) -> None:
    use(world, october(days=2))
    line = draft(terms.acme).lines.get(position=1)
    trail = line_trail(line)
    assert [(dict(used.dims), used.quantity, used.events) for used in trail.used] == [
        ({"model": "gpt-4o", "token_type": "output"}, D(200_000), 2)
    ]
    assert [(hour.hour, hour.quantity, hour.events) for hour in trail.hours] == [
        (OCTOBER + timedelta(hours=12), D(100_000), 1), (OCTOBER + timedelta(hours=36), D(100_000), 1),
    ]  # fmt: skip
    assert [(card["card"], card["version"]) for card in trail.cards] == [("list", 1)]
