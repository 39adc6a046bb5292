"""Commits and credits in invoices: drawn in order, given back, never below zero, booked; and lines of every kind."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import InternalError, ProgrammingError, transaction
from django.db.utils import IntegrityError

from billing.actions import balances, invoices, runs
from billing.actions.upkeep import refresh_stale
from billing.models import Drawdown, Evidence, Invoice, Movement, Transfer
from billing.queries import books_checks, invoice_document
from billing.queries.balances import balance_at
from billing.rules import transfers as rules
from catalog.actions import agreed
from catalog.models import Contract, Instrument, Product
from catalog.queries import period_of
from monetization.values.errors import Conflict, WrongState
from tests import agreements, priced
from tests.agreements import credit, prepaid
from tests.make import World
from tests.priced import NOVEMBER_5, OCTOBER

D = Decimal
NOVEMBER = OCTOBER + timedelta(days=40)
DECEMBER_5 = NOVEMBER_5 + timedelta(days=30)


def clean(at: datetime = DECEMBER_5) -> None:
    found = {check.name: check.find(at) for check in books_checks()}
    for name in ("documents_are_made", "outbox_is_moving"):  # nobody runs the worker here
        found.pop(name)
    assert {name: rows for name, rows in found.items() if rows} == {}


def lines(invoice: Invoice) -> list[tuple[str, str, str, int | None]]:
    rows = invoice.lines.select_related("of").order_by("position")
    return [
        (row.kind, row.description, f"{row.amount:.2f}", row.of.position if row.of is not None else None)
        for row in rows
    ]


def moved(key: str) -> list[tuple[str, Decimal]]:
    rows = Movement.objects.filter(instrument__key=key).order_by("pk")
    return [(row.kind, row.amount) for row in rows]


def drafted(contract: Contract, at: datetime = NOVEMBER_5, **more: Any) -> Invoice:
    return priced.draft(contract, at, **more)


def issue(world: World, invoice: Invoice, at: datetime = NOVEMBER_5) -> Invoice:
    if invoice.status == "DRAFT":
        invoice = invoices.review(invoice=invoice, by=world.finn, at=at)
    seen = bytes(invoice.content_digest or b"")
    invoice = invoices.approve(invoice=invoice, seen=seen, by=world.rosa, at=at)
    return invoices.issue(invoice=invoice, by=world.rosa, at=at)


def booked(invoice: Invoice) -> dict[str, Decimal]:
    rows = Transfer.objects.filter(invoice=invoice).select_related("debit", "credit")
    books = rules.Books("live", "gmbh", "EUR")
    found = rules.balances(
        rules.Transfer(books, row.debit.code, row.credit.code, row.amount, row.code, row.source) for row in rows
    )
    return {code: amount.normalize() + 0 for code, amount in found.items() if amount}


def test_a_credit_covers_lines_and_is_drawn_when_the_invoice_is_frozen(world: World) -> None:
    contract = agreements.contract(world, credit("50"))
    priced.use(world, priced.october())
    invoice = drafted(contract)
    assert lines(invoice) == [
        ("usage", "gpt-4o · output", "31.00", None),
        ("usage", "gpt-4o · input", "77.50", None),
        ("drawdown", "Welcome, on gpt-4o · output", "-31.00", 1),
        ("drawdown", "Welcome, on gpt-4o · input", "-19.00", 2),
    ]
    assert (invoice.net, invoice.tax, invoice.total) == (D("58.50"), D("11.12"), D("69.62"))
    assert moved("welcome") == []
    invoice = invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5)
    assert moved("welcome") == [("GRANTED", D(50)), ("DRAWN", D(-50))]
    assert Evidence.objects.filter(line__invoice=invoice).count() == 2
    invoice = issue(world, invoice)
    assert booked(invoice) == {
        "receivable": D("69.62"), "revenue:inference": D("-108.5"), "credits_granted": D(50),
        "tax_payable": D("-11.12"),
    }  # fmt: skip
    printed = invoice_document(invoice)
    assert [(line.kind, line.of, line.amount) for line in printed.lines][2] == ("drawdown", 1, D("-31.00"))
    instrument = Instrument.objects.get()
    assert balance_at(instrument, OCTOBER + timedelta(days=9)) == 50
    assert balance_at(instrument, NOVEMBER) == 0
    clean()


def test_what_is_sent_back_is_given_back_and_drawn_again(world: World) -> None:
    contract = agreements.contract(world, credit("50"))
    priced.use(world, priced.october())
    invoice = invoices.review(invoice=drafted(contract), by=world.finn, at=NOVEMBER_5)
    for _ in range(2):
        invoice = invoices.send_back(invoice=invoice, reason="Once more", by=world.finn, at=NOVEMBER_5)
        assert balance_at(Instrument.objects.get(), NOVEMBER) == 50
        assert [d.drawn for d in invoice.drawdowns.all()] == [D(50)]
        clean()
        invoice = invoices.review(invoice=invoice, by=world.finn, at=NOVEMBER_5)
    assert balance_at(Instrument.objects.get(), NOVEMBER) == 0
    assert invoice.net == D("58.50")
    clean()


def test_periods_draw_in_their_order(world: World) -> None:
    contract = agreements.contract(world, credit("150"))
    priced.use(world, priced.october())
    november = [priced.event("acme", NOVEMBER, input=40_000_000)]
    priced.use(world, november, at=NOVEMBER + timedelta(days=1))
    first = drafted(contract, DECEMBER_5)
    second = drafted(contract, DECEMBER_5, period=NOVEMBER)
    assert [(d.opening, d.drawn) for d in Drawdown.objects.order_by("pk")] == [
        (D(150), D("108.50")), (D("41.50"), D("41.50")),
    ]  # fmt: skip
    with pytest.raises(WrongState, match="October 2026|30 September 2026"):
        invoices.review(invoice=second, by=world.finn, at=DECEMBER_5)
    first = invoices.review(invoice=first, by=world.finn, at=DECEMBER_5)
    second = invoices.review(invoice=second, by=world.finn, at=DECEMBER_5)
    assert second.net == D("58.50")
    with pytest.raises(Conflict, match="has drawn"):
        invoices.send_back(invoice=first, reason="Wrong", by=world.finn, at=DECEMBER_5)
    clean()
    second = invoices.send_back(invoice=second, reason="Wrong", by=world.finn, at=DECEMBER_5)
    invoices.send_back(invoice=first, reason="Wrong", by=world.finn, at=DECEMBER_5)
    assert balance_at(Instrument.objects.get(), DECEMBER_5) == 150
    refresh_stale(at=DECEMBER_5 + timedelta(minutes=1))
    second.refresh_from_db()
    assert second.net == D("58.50")
    clean()


def test_prepaid_value_is_bought_deferred_drawn_and_lost(world: World) -> None:
    contract = agreements.contract(world, prepaid("200", "150", end_date=date(2026, 10, 31)))
    priced.use(world, priced.october())
    run = runs.draft_due(environment=world.live, by=None, at=NOVEMBER_5)
    assert run.parked == []
    bought = Invoice.objects.get(kind="COMMIT")
    assert lines(bought) == [("one_time", "Annual", "150.00", None)]
    assert (bought.net, bought.tax) == (D(150), D("28.50"))
    bought = issue(world, bought, OCTOBER + timedelta(days=1))
    assert booked(bought) == {"receivable": D("178.5"), "deferred_revenue": D(-150), "tax_payable": D("-28.5")}
    used = Invoice.objects.get(kind="USAGE", contract=contract, period_ends_at__lte=NOVEMBER_5)
    used = issue(world, used)
    assert used.total == 0
    assert used.status == "PAID"
    [drawdown] = used.drawdowns.all()
    assert (drawdown.opening, drawdown.drawn, drawdown.expired) == (D(200), D("108.50"), D("91.50"))
    assert booked(used) == {
        "revenue:inference": D("-108.5"), "deferred_revenue": D(150), "credits_granted": D("27.12"),
        "breakage": D("-68.62"),
    }  # fmt: skip
    assert moved("annual") == [("GRANTED", D(200)), ("DRAWN", D("-108.50")), ("EXPIRED", D("-91.50"))]
    clean()


def test_every_kind_of_line(world: World) -> None:
    contract = agreements.contract(world, start_date=date(2026, 9, 1), key="plain", end_date=date(2026, 9, 30))
    inference = Product.objects.get(key="inference")
    contract = agreements.contract(
        world,
        (agreed.add_recurring, {
            "key": "seats", "name": "Seats", "product": inference, "unit_price": D(31), "quantity": D(1),
            "changes": [(date(2026, 10, 22), D(2))],
        }),
        (agreed.add_one_time, {"key": "setup", "name": "Set-up", "product": inference, "unit_price": D(10)}),
        (agreed.add_discount, {"key": "launch", "name": "Launch", "percent": D(10)}),
        (agreed.add_discount, {"key": "coupon", "name": "Coupon", "amount": D(5)}),
        (agreed.add_bound, {"key": "floor", "name": "Floor", "kind": "MINIMUM", "amount": D(1000)}),
        (agreed.add_bound, {
            "key": "lid", "name": "Lid", "kind": "MAXIMUM", "amount": D(30), "products": [inference],
        }),
        credit("7"),
    )  # fmt: skip
    priced.use(world, priced.october())
    invoice = drafted(contract)
    kinds = [kind for kind, *_ in lines(invoice)]
    assert kinds[:4] == ["usage", "usage", "recurring", "one_time"]
    assert set(kinds) == {"usage", "recurring", "one_time", "discount", "true_up", "cap", "drawdown"}
    assert [line[2] for line in lines(invoice)[:4]] == ["27.90", "69.75", "36.90", "9.00"]
    invoice = issue(world, invoice)
    invoice_document(invoice)
    clean()


def test_the_database_refuses_an_overdraft(world: World) -> None:
    agreements.contract(world, credit("50"))
    assert balances.grant_due(at=NOVEMBER_5) == 1
    assert balances.grant_due(at=NOVEMBER_5) == 0
    instrument = Instrument.objects.get()
    for amount in (D("50.01"), D(51)):
        with pytest.raises((InternalError, IntegrityError), match="overdrawn"), transaction.atomic():
            Movement.objects.create(
                instrument=instrument, kind="CORRECTED", amount=-amount, at=NOVEMBER_5, source=f"x:{amount}",
                booked_at=NOVEMBER_5,
            )  # fmt: skip
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        Movement.objects.update(amount=D(500))


def test_a_grant_is_drawn_by_the_contract(world: World) -> None:
    contract = agreements.contract(world)
    priced.use(world, priced.october())
    invoice = drafted(contract)
    assert invoice.net == D("108.50")
    agreements.granted(world, "8.50", at=NOVEMBER_5 + timedelta(minutes=30))
    assert refresh_stale(at=NOVEMBER_5 + timedelta(hours=1)) >= 1
    invoice.refresh_from_db()
    assert invoice.net == D("100.00")


def test_the_check_finds_a_forged_balance(world: World) -> None:
    contract = agreements.contract(world, credit("50"))
    priced.use(world, priced.october())
    invoices.review(invoice=drafted(contract), by=world.finn, at=NOVEMBER_5)
    Movement.objects.create(
        instrument=Instrument.objects.get(), kind="GRANTED", amount=D(5), at=NOVEMBER_5, source="forged",
        booked_at=NOVEMBER_5,
    )  # fmt: skip
    check = next(check for check in books_checks() if check.name == "credits_not_overdrawn")
    assert [row["wrong"] for row in check.find(DECEMBER_5)] == ["granted"]
    assert period_of(contract, NOVEMBER)
