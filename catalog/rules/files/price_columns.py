"""Columns of a rate card's file: a row is a price, or one tier of it; the members of docs/quotes.md are its columns."""

from __future__ import annotations

from catalog.rules.drafts import Cut
from catalog.rules.files.cells import Kind
from catalog.rules.files.tables import Book, Column, Table
from catalog.rules.tariffs import WrittenModel
from catalog.rules.terms import Reset
from catalog.rules.written import ROUNDINGS

NUMBER, TEXT, YES_NO = Kind.NUMBER, Kind.TEXT, Kind.YES_NO
TIER = (
    Column("up_to", NUMBER, "Upper bound of a tier, inclusive; empty in the last one."),
    Column("unit_price", NUMBER, "Price of one unit, with all its digits.", example="0.25"),
    Column("flat_fee", NUMBER, "Flat fee of the tier."),
    Column("block_size", NUMBER, "Units of a block; the price is then that of a block."),
    Column("percent", Kind.PERCENT, "Of each transaction, or of a tier of a graduated percentage."),
)
FEES = (
    Column("fixed_fee", NUMBER, "Fee of each transaction."),
    Column("free_events", NUMBER, "Transactions free of charge."),
    Column("free_amount", NUMBER, "Amount free of charge."),
    Column("minimum_fee", NUMBER, "Least fee of a transaction."),
    Column("maximum_fee", NUMBER, "Most that a transaction costs."),
)
MODEL = Column(
    "model", Kind.CHOICE, "Price model; empty: per unit, or graduated where there are several rows.",
    allowed=tuple(WrittenModel.__members__),
)  # fmt: skip
ALONE = (
    Column("package_size", NUMBER, "Units of a package."),
    Column("package_price", NUMBER, "Price of a package."),
    Column("rounding", Kind.CHOICE, "How packages are rounded; empty: up.", allowed=tuple(ROUNDINGS)),
    Column("multiplier", NUMBER, "What the amounts that events carry are multiplied by; empty: 1."),
    *FEES,
    Column("retroactive", YES_NO, "Volume tiers: also reprice units of earlier periods."),
)
COUNTED = (
    Column("free_units", NUMBER, "Of the product, in each period; they move no tier."),
    Column("flat_at_zero", YES_NO, "The first flat fee is due without usage too."),
    Column("tier_by", TEXT, "Dimensions that count their tiers apart, separated by commas."),
    Column(
        "cut", Kind.CHOICE, "A new price inside a period; empty: as the metric counts.",
        allowed=tuple(each.value for each in Cut if each.value),
    ),
    Column("highest_of", TEXT, "Group of products of which only the dearest is billed."),
    Column("rounds_as_one", YES_NO, "Round the product's lines as one."),
    Column(
        "tier_reset", Kind.CHOICE, "What tiers accumulate over; empty: the billing period.",
        allowed=tuple(each.value for each in Reset),
    ),
    Column("pricing_unit", Kind.KEY, "Pricing unit of the product's prices, in place of a currency."),
)  # fmt: skip
PRICES = Table(
    "prices",
    "All prices of a version: what the file doesn't name, the version doesn't have. Consecutive rows of one product, "
    "currency and dimension values are the tiers of one price.",
    (
        Column("product", Kind.KEY, "Key of the product.", needed=True, example="inference"),
        Column("metric", Kind.KEY, "Key of the metric that its usage comes from.", needed=True, example="llm-tokens"),
        Column("currency", Kind.CURRENCY, "Currency of the price; empty in a pricing unit.", example="EUR"),
        MODEL,
        *TIER,
        *ALONE,
        *COUNTED,
    ),
    others="match.",
    others_help="A dimension value that the price is for, such as match.region; empty: any.",
    example_others=(("match.model", "gpt-4o"),),
)  # fmt: skip
PRICE_BOOK = Book((PRICES,))
OF_TIER = tuple(column.name for column in TIER)
OF_ROW = tuple(column.name for column in ALONE)
OF_CHARGE = tuple(column.name for column in COUNTED)
