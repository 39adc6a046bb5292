"""Columns of a file of contracts: one table of contracts, and one for each kind of their parts."""

from __future__ import annotations

from catalog.rules.files.cells import Kind
from catalog.rules.files.own_columns import OWN_BOOK
from catalog.rules.files.part_columns import PARTS
from catalog.rules.files.tables import Book, Column, Table
from catalog.rules.overrides import Combine

CADENCES = ("MONTHLY", "QUARTERLY", "ANNUAL")
ANCHORS = ("contract_day", "first", "day")
COMBINED = tuple(each.value for each in Combine)
CONTRACTS = Table(
    "contracts",
    "A row is a contract: a new one, or the draft that has its key. An empty cell is the standard of a new contract, "
    "and leaves a draft as it is.",
    (
        Column("key", Kind.KEY, "Its key; it never changes.", needed=True, example="acme-2027"),
        Column("account", Kind.KEY, "Key of the account that agrees.", needed=True, example="acme"),
        Column("customer", Kind.KEY, "Key of the account's customer, to be sure.", example="acme"),
        Column("name", Kind.TEXT, "As it is printed; empty: the key.", example="Acme 2027"),
        Column("legal_entity", Kind.KEY, "Key of who sells.", needed=True, example="gmbh"),
        Column("rate_card", Kind.KEY, "Key of its rate card.", needed=True, example="list"),
        Column("currency", Kind.CURRENCY, "Of all its amounts.", needed=True, example="EUR"),
        Column("start_date", Kind.DAY, "First day, in the account's time zone.", needed=True, example="2027-01-01"),
        Column("end_date", Kind.DAY, "Last day that is served; empty: open.", example="2027-12-31"),
        Column("cadence", Kind.CHOICE, "How often it is billed; empty: MONTHLY.", allowed=CADENCES),
        Column("anchor", Kind.CHOICE, "Where its periods begin; empty: contract_day.", allowed=ANCHORS),
        Column("anchor_day", Kind.WHOLE, "1–31, where the anchor is day."),
        Column("discount_percent", Kind.PERCENT, "Off everything that the card prices.", example="5"),
        Column("combine_multipliers", Kind.CHOICE, "Where several multipliers fit; empty: compound.", allowed=COMBINED),
        Column("net_days", Kind.WHOLE, "Days to pay; empty: 30.", example="30"),
        Column("purchase_order", Kind.TEXT, "Printed on its invoices.", example="PO-4711"),
        Column("pinned_version", Kind.WHOLE, "Number of a version of the card that stays; empty: follows the card."),
        Column("pinned_until", Kind.DAY, "First day no longer pinned."),
    ),
)
CONTRACT_BOOK = Book((CONTRACTS, *PARTS, *OWN_BOOK.tables))
