"""Columns of the parts of contracts: fees, discounts, minimums and maximums, commits and credits.

A part is added, or replaces the one of its key in a draft; parts that a file doesn't name stay.
"""

from __future__ import annotations

from catalog.rules.files.cells import Kind
from catalog.rules.files.tables import Column, Table

NUMBER = Kind.NUMBER
TIMINGS = ("ADVANCE", "ARREARS")
BOUNDS = ("MINIMUM", "MAXIMUM")
INSTRUMENTS = ("CREDIT", "PREPAID", "POSTPAID")
CADENCES = ("MONTHLY", "QUARTERLY", "ANNUAL")
PRODUCTS = Column("products", Kind.KEYS, "Products that it is for; empty: all.")


def named(key: str, name: str) -> tuple[Column, ...]:
    return (
        Column("contract", Kind.KEY, "Key of the contract.", needed=True, example="acme-2027"),
        Column("key", Kind.KEY, "Key of the part.", needed=True, example=key),
        Column("name", Kind.TEXT, "As it is printed.", needed=True, example=name),
    )


def _fee(price: str, quantity: str) -> tuple[Column, ...]:
    return (
        Column("product", Kind.KEY, "Key of its product.", needed=True, example="platform"),
        Column("unit_price", NUMBER, "Price of one.", needed=True, example=price),
        Column("quantity", NUMBER, "How many; empty: 1.", example=quantity),
    )


RECURRING = Table(
    "recurring",
    "Fees for each period.",
    (
        *named("seats", "Seats"),
        *_fee("40", "25"),
        Column("changes", Kind.QUANTITIES, "Other quantities from a day on.", example="2027-07-01: 30"),
        Column("timing", Kind.CHOICE, "When it is billed; empty: ADVANCE.", allowed=TIMINGS, example="ADVANCE"),
        Column("cadence", Kind.CHOICE, "Its own cadence; empty: the contract's.", allowed=CADENCES),
    ),
)
ONE_TIME = Table(
    "one_time",
    "Fees that are due once.",
    (
        *named("setup", "Setup"),
        *_fee("1500", "1"),
        Column("date", Kind.DAY, "When it is due; empty: the contract's first day."),
    ),
)
DISCOUNTS = Table(
    "discounts",
    "A percentage, or an amount a period, off what products cost.",
    (
        *named("loyalty", "Loyalty"),
        Column("percent", Kind.PERCENT, "Either this, or an amount.", example="3"),
        Column("amount", NUMBER, "Of each period."),
        Column("periods", Kind.WHOLE, "Billing periods that it holds for; empty: all."),
        Column("carry_rest", Kind.YES_NO, "What a period leaves of the amount comes off the next; empty: no."),
        Column("counts_for_minimum", Kind.YES_NO, "What it takes off still counts as spend; empty: no."),
        PRODUCTS,
    ),
)
BOUNDED = Table(
    "bounds",
    "Minimums and maximums of a period.",
    (
        *named("floor", "Minimum"),
        Column("kind", Kind.CHOICE, "Which of both.", needed=True, allowed=BOUNDS, example="MINIMUM"),
        Column("amount", NUMBER, "Of a full period.", needed=True, example="500"),
        Column("prorates", Kind.YES_NO, "A stub of a period counts by its days; empty: yes."),
        PRODUCTS,
    ),
)
COMMITS = Table(
    "commits",
    "Commits and credits.",
    (
        *named("annual", "Annual commit"),
        Column("kind", Kind.CHOICE, "Which of them.", needed=True, allowed=INSTRUMENTS, example="PREPAID"),
        Column("amount", NUMBER, "What may be drawn in all.", needed=True, example="12000"),
        Column("invoiced", NUMBER, "What is billed for a prepaid commit.", example="10000"),
        Column("priority", Kind.WHOLE, "Lower is drawn first; empty: 0."),
        Column("start_date", Kind.DAY, "First day; empty: the contract's.", example="2027-01-01"),
        Column("end_date", Kind.DAY, "Last day; empty: the contract's.", example="2027-12-31"),
        PRODUCTS,
    ),
)
PARTS = (RECURRING, ONE_TIME, DISCOUNTS, BOUNDED, COMMITS)
