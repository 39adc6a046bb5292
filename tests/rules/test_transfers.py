"""Bookings: two sides always, negative parts swap them, each source once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.transfers import (
    Books,
    Due,
    Transfer,
    balances,
    issued,
    line_due,
    paid,
    tax_due,
)
from monetization.values.errors import Invalid

D = Decimal
BOOKS = Books("live", "de", "EUR")


def test_an_issued_invoice_owes_each_line_and_each_tax() -> None:
    dues = [
        line_due(1, "tokens", D("100.00")),
        line_due(2, "images", D("0.00")),
        line_due(3, "tokens", D("-5.00")),
        tax_due("S", D("19.0000"), D("18.05")),
        tax_due("AE", D("0"), D("0.00")),
    ]
    booked = issued(17, dues, BOOKS)
    assert [(t.debit, t.credit, str(t.amount), t.source) for t in booked] == [
        ("receivable", "revenue:tokens", "100.00", "invoice:17:issued:line:1"),
        ("revenue:tokens", "receivable", "5.00", "invoice:17:issued:line:3"),
        ("receivable", "tax_payable", "18.05", "invoice:17:issued:tax:S:19"),
    ]
    assert {t.code for t in booked} == {"invoice_issued"}
    assert {t.books for t in booked} == {BOOKS}
    assert balances(booked) == {
        "receivable": D("113.05"),
        "revenue:tokens": D("-95.00"),
        "tax_payable": D("-18.05"),
    }


def test_a_payment_lowers_the_receivable() -> None:
    booked = paid(17, 3, D("113.05"), BOOKS)
    assert (booked.debit, booked.credit, booked.amount) == ("cash", "receivable", D("113.05"))
    assert (booked.code, booked.source) == ("payment_recorded", "invoice:17:payment:3")


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_an_amount_that_is_not_positive_can_not_be_written(amount: str) -> None:
    with pytest.raises(Invalid):
        paid(17, 3, D(amount), BOOKS)


def test_one_account_is_not_two_sides() -> None:
    with pytest.raises(Invalid):
        Transfer(BOOKS, "cash", "cash", D(1), "x", "y")


@given(st.lists(st.decimals(-1000, 1000, places=2), max_size=20))
def test_books_balance_and_every_source_is_its_own(amounts: list[Decimal]) -> None:
    dues = [Due(f"line:{i}", "revenue:x", amount) for i, amount in enumerate(amounts)]
    booked = issued(1, dues, BOOKS)
    assert sum(balances(booked).values()) == 0
    assert balances(booked).get("receivable", D(0)) == sum(amounts)
    assert len({t.source for t in booked}) == len(booked)
    assert all(t.amount > 0 for t in booked)
