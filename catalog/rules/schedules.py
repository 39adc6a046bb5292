"""Schedules of a commit made from a total: equal invoices, and access items period by period. Nothing is lost.

Days are local, the last one is served. Amounts are split by largest remainder in whole minor units, ties to the
earlier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice

from catalog.rules.spans import cycle_spans
from monetization.values.errors import Invalid
from monetization.values.money import allocate, rounded_down
from monetization.values.periods import DAY, Cadence, Cycle

MOST = 120  # ten years of months
ZONE = "UTC"  # only dates are asked for


@dataclass(frozen=True, slots=True)
class Item:
    """An amount that may be drawn from one day to another."""

    amount: Decimal
    start_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True)
class Billing:
    """An amount that is billed on a day."""

    amount: Decimal
    date: date


@dataclass(frozen=True, slots=True)
class Spread:
    """An amount spread evenly over periods; without days over the whole contract."""

    amount: Decimal
    cadence: Cadence
    start_date: date | None = None
    end_date: date | None = None


@dataclass(frozen=True, slots=True)
class Equal:
    """An amount billed in a number of equal invoices, one at the start of each period; None: from the first day."""

    amount: Decimal
    number: int
    cadence: Cadence
    date: date | None = None


def equal_invoices(said: Equal, first: date, currency: str) -> list[Billing]:
    """Split a total into equal invoices. Raises Invalid."""
    _guard(said.amount, currency)
    if not 1 <= said.number <= MOST:
        raise Invalid(f"There are 1 to {MOST} invoices", field="number", fix="Choose fewer, longer periods")
    cycle = Cycle(said.date or first, ZONE, said.cadence)
    amounts = allocate(said.amount, [1] * said.number, currency)
    return [Billing(amount, cycle.dates(index)[0]) for index, amount in enumerate(amounts)]


def access_items(said: Spread, first: date, last: date | None, currency: str) -> list[Item]:
    """Split a total evenly over periods; a shorter last one has its share by days. Raises Invalid."""
    _guard(said.amount, currency)
    start, end = said.start_date or first, said.end_date or last
    if end is None:
        raise Invalid("It needs its last day", field="end_date", fix="Give it, or the contract's")
    spans = list(islice(cycle_spans(Cycle(start, ZONE, said.cadence, end_date=end)), MOST + 1))
    if len(spans) > MOST:
        raise Invalid(f"There are at most {MOST} items", field="cadence", fix="Choose longer periods")
    amounts = allocate(said.amount, [Fraction(*span.served) for span in spans], currency)
    return [Item(amount, span.first, span.until - DAY) for amount, span in zip(amounts, spans, strict=True)]


def _guard(amount: Decimal, currency: str) -> None:
    if amount <= 0:
        raise Invalid("An amount is more than zero", field="amount", fix="Give the whole amount")
    if rounded_down(amount, currency) != amount:
        raise Invalid("The currency has no such small unit", field="amount", fix="Round it")
