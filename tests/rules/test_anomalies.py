"""Findings of the review, each with its sentence and severity; none without a reason."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.rules.anomalies import Review, Severity, blocks, flags
from billing.rules.rating import rate
from billing.rules.tax import Missing
from metering.rules.quantities import UsageRow
from tests.rules.build import CALLS, charge, dims, terms, unit_price, used

D = Decimal
RATES = {"a": "0.10", "free": "0", "odd": "1"}


def review(*usage: UsageRow, previous: str | None = "10.00", net: str = "10.00", late: int = 0) -> Review:
    rows = [unit_price(price, dims(model=model)) for model, price in RATES.items()]
    rating = rate(terms([charge(*rows, metric=CALLS, product="calls")]), usage)
    before = None if previous is None else D(previous)
    return Review(rating.lines, D(net), "USD", before, rating.unpriced, (), late)


def codes(found: Review) -> Sequence[tuple[str, str]]:
    return [(flag.code, flag.severity.value) for flag in flags(found)]


CLEAN = used("100", metric=CALLS, model="a")


def test_a_usual_invoice_has_no_findings() -> None:
    assert flags(review(CLEAN)) == ()
    assert not blocks(flags(review(CLEAN)))


def test_the_first_invoice_is_looked_at() -> None:
    assert codes(review(CLEAN, previous=None)) == [("FIRST_INVOICE", "WARN")]


@pytest.mark.parametrize(
    ("previous", "now", "sentence"),
    [
        ("10.00", "15.00", None),
        ("10.00", "15.01", "+50.1 % against the last period (10.00 → 15.01 USD)"),
        ("10.00", "5.00", None),
        ("10.00", "4.99", "-50.1 % against the last period (10.00 → 4.99 USD)"),
        ("-10.00", "-15.00", None),
        ("-10.00", "10.00", "+200.0 % against the last period (-10.00 → 10.00 USD)"),
        ("0.00", "0.00", None),
        ("0.00", "0.01", "0.01 USD after a period of nothing"),
    ],
)
def test_a_change_over_half_is_looked_at(previous: str, now: str, sentence: str | None) -> None:
    found = flags(review(CLEAN, previous=previous, net=now))
    assert [flag.sentence for flag in found] == ([sentence] if sentence else [])
    assert all(flag.code == "LARGE_CHANGE" and flag.line is None for flag in found)


def test_lines_at_zero_or_below_are_named_with_their_line() -> None:
    usage = [
        used("5", metric=CALLS, model="free"),
        used("100", metric=CALLS, model="a"),
        used("-2", metric=CALLS, model="odd"),
    ]
    found = flags(review(*usage))
    assert [(flag.code, flag.line) for flag in found] == [("NEGATIVE_AMOUNT", 0), ("ZERO_PRICE", 2)]
    assert found[0].sentence == "Calls is below zero: -2.00"
    assert found[1].sentence == "Calls: 5 calls at a price of zero"


def test_a_small_amount_that_rounds_to_zero_has_a_price() -> None:
    assert flags(review(used("0.01", metric=CALLS, model="a"))) == ()


def test_usage_without_a_price_blocks() -> None:
    found = flags(review(CLEAN, used("7.50", metric=CALLS, count=1, model="new")))
    assert [(flag.code, flag.severity) for flag in found] == [("UNPRICED_USAGE", Severity.BLOCK)]
    assert found[0].sentence == "No price for 7.5 units (1 event) with model new"
    assert blocks(found)


def test_missing_tax_blocks_and_late_usage_is_said() -> None:
    missing = (Missing("The customer's country is not known", "Fill it in"),)
    found = flags(replace(review(CLEAN, late=3, previous=None), missing_tax=missing))
    assert [(flag.code, flag.sentence) for flag in found] == [
        ("MISSING_TAX", "The customer's country is not known. Fill it in"),
        ("FIRST_INVOICE", "This is the first invoice of this contract"),
        ("LATE_USAGE", "3 events of this period came after review began and are not counted"),
    ]
