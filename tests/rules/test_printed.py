"""What is on paper: the frozen value survives writing down, and figures keep every digit."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.documents import figures
from billing.rules.printed import (
    InvoiceDocument,
    Party,
    PrintedLine,
    PrintedStep,
    PrintedTax,
    content_of,
    document_of,
)
from monetization.values.canonical import digest

D = Decimal
OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))


def step(
    quantity: str, price: str, amount: str, over: str = "0", up_to: str | None = None, fee: str = "0"
) -> PrintedStep:
    bound = D(up_to) if up_to else None
    return PrintedStep(
        over=D(over), up_to=bound, quantity=D(quantity), unit_price=D(price), flat_fee=D(fee), amount=D(amount)
    )


def line(position: int, detail: str, *steps: PrintedStep, first: date = OCTOBER[0]) -> PrintedLine:
    return PrintedLine(
        position=position, product="Model inference", detail=detail, first_date=first, last_date=OCTOBER[1],
        quantity=sum((s.quantity for s in steps), D(0)), unit="1M tokens", amount=sum((s.amount for s in steps), D(0)),
        tax_category="standard", steps=steps,
    )  # fmt: skip


def document(*lines: PrintedLine, number: str | None = "TG-2026-000001") -> InvoiceDocument:
    net = sum((each.amount for each in lines), D(0))
    tax = PrintedTax(category="S", percent=D(19), base=net, amount=D("1.90"))
    return InvoiceDocument(
        kind="USAGE", number=number, issue_date=date(2026, 11, 5), due_date=date(2026, 12, 5), net_days=30,
        currency="EUR", language="en", zone="Europe/Berlin", first_date=OCTOBER[0], last_date=OCTOBER[1],
        seller=Party(name="Tidal Labs GmbH", lines=("Hafenstraße 12", "20457 Hamburg"), country="DE", tax_id="DE1",
                     bank_details="DE02 1203 0000 0000 2020 51"),
        buyer=Party(name="Acme <Robotics> & Co", lines=("Ringbahnstraße 3",), country="DE", key="acme"),
        customer="Acme", contract="acme-2026", contract_name="Acme 2026", purchase_order="", lines=lines, taxes=(tax,),
        net=net, tax=D("1.90"), total=net + D("1.90"),
    )  # fmt: skip


PLAIN = line(1, "gpt-4o · input", step("4", "2.5", "10.00"))
TIERED = line(2, "requests", step("10", "0", "0.00", up_to="10"), step("5", "0.000000075", "0.00", over="10", fee="3"))


def test_writing_down_and_reading_back_is_the_same_document() -> None:
    made = document(PLAIN, TIERED)
    content = content_of(made)
    assert document_of(content) == made
    assert content["lines"][1]["steps"][1]["unit_price"] == "7.5E-8"  # text, so no digit is lost on the way
    assert digest(content) == digest(content_of(document_of(content)))


def test_one_price_is_said_in_the_line_and_tiers_are_not() -> None:
    assert (PLAIN.unit_price, TIERED.unit_price) == (D("2.5"), None)
    assert [(product, len(lines)) for product, lines in document(PLAIN, TIERED).by_product()] == [
        ("Model inference", 2)
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0.000000075", "0.000000075"),
        ("12345.60", "12,345.6"),
        ("-1234567", "−1,234,567"),
        ("1E+3", "1,000"),
    ],
)
def test_a_number_has_the_digits_that_it_has(value: str, text: str) -> None:
    assert figures.number(D(value)) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [("1234.5", "EUR", "1,234.50"), ("-0.5", "EUR", "−0.50"), ("1234", "JPY", "1,234"), ("1.5", "KWD", "1.500")],
)
def test_an_amount_has_the_digits_of_its_currency(value: str, currency: str, text: str) -> None:
    assert figures.amount(D(value), currency) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19))
def test_a_printed_number_reads_back(value: Decimal) -> None:
    assert D(figures.number(value).replace(",", "").replace("−", "-")) == value


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "1–31 October 2026"),
        (date(2026, 10, 5), date(2026, 10, 5), "5 October 2026"),
        (date(2026, 9, 15), date(2026, 10, 14), "15 September – 14 October 2026"),
        (date(2026, 12, 15), date(2027, 1, 14), "15 December 2026 – 14 January 2027"),
    ],
)
def test_a_span_says_nothing_twice(first: date, last: date, text: str) -> None:
    assert figures.span(first, last) == text


def test_tiers_are_named_by_their_bounds() -> None:
    tiers = [step("1", "1", "1", up_to="1000"), step("1", "1", "1", "1000", "5000"), step("1", "1", "1", "5000")]
    assert [figures.tier(each) for each in tiers] == ["first 1,000", "1,000 to 5,000", "above 5,000"]


def test_days_are_said_where_they_are_not_the_invoices() -> None:
    late = line(1, "gpt-4o", step("1", "1", "1"), first=date(2026, 10, 14))
    assert figures.detail(late, OCTOBER) == "gpt-4o, 14–31 October 2026"
    assert figures.detail(PLAIN, OCTOBER) == "gpt-4o · input"
