"""Columns of contracts' own prices and of multipliers on their lists."""

from __future__ import annotations

from catalog.rules.files.cells import Kind
from catalog.rules.files.part_columns import PRODUCTS, named
from catalog.rules.files.price_columns import ALONE, MODEL, TIER
from catalog.rules.files.tables import Book, Column, Table

MATCH = "match."
DAYS = (
    Column("start_date", Kind.DAY, "First day; empty: the contract's."),
    Column("end_date", Kind.DAY, "Last day; empty: as long as the contract serves."),
)
OVERRIDES = Table(
    "overrides",
    "Prices of contracts' own, before the list's: a row a price, or a row a tier below each other.",
    (
        *named("gpt-4o", "GPT-4o as agreed"),
        Column("product", Kind.KEY, "Key of the product.", needed=True, example="inference"),
        *DAYS,
        MODEL,
        *TIER,
        *ALONE,
    ),
    others=MATCH,
    others_help="A dimension value that the price is for, such as match.region; empty: any.",
    example_others=(("match.model", "gpt-4o"),),
)
MULTIPLIERS = Table(
    "multipliers",
    "Factors on list prices.",
    (
        *named("volume", "Volume discount"),
        Column("factor", Kind.NUMBER, "0.82 is 18 % off.", needed=True, example="0.82"),
        Column("priority", Kind.WHOLE, "Lower is first; empty: 0."),
        PRODUCTS,
        Column("tags", Kind.WORDS, "Tags of the products that it is for; empty: all."),
        *DAYS,
    ),
    others=MATCH,
    others_help="A dimension value that it is for; empty: any.",
)
OWN_BOOK = Book((OVERRIDES, MULTIPLIERS))
OF_PRICE = ("contract", "key", "name", "product", *(column.name for column in DAYS))
