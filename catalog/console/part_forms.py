"""Forms of a contract's parts, as data: which fields each has and how it is read; the action says what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.actions import agreed, grants, instruments, own_prices
from catalog.actions.allowances import add_allowance
from catalog.models import AgreedBound, Contract, Instrument, RecurringCharge

NONE = ("", "as the contract")
RESTS = (("", "lapses"), ("yes", "comes off the next invoice"))


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its name, label, how it is read, and what helps to fill it in."""

    name: str
    label: str
    kind: str = "text"
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    help: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of part: what it is called, its fields, and the action that adds it."""

    noun: str
    fields: tuple[Field, ...]
    add: Callable[..., Any]


KEY = Field("key", "Key", required=True, help="It never changes: seats.")
NAME = Field("name", "Name", required=True, help="As it is printed.")
PRODUCT = Field("product", "Product", "product", required=True)
PRODUCTS = Field("products", "Products", help="Keys, separated by commas; empty: all.", kind="products")
UNIT_PRICE = Field("unit_price", "Unit price", "number", required=True)
QUANTITY = Field("quantity", "Quantity", "number", value="1")
AMOUNT = Field("amount", "Amount", "number", required=True)
DAYS = (Field("start_date", "First day", "date"), Field("end_date", "Last day", "date"))
PRIORITY = Field("priority", "Priority", "whole", value="0", help="Lower is drawn first.")
FORMS: dict[str, Form] = {
    "recurring": Form(
        "recurring charge",
        (
            KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY,
            Field("changes", "Other quantities", "changes", help="2027-01-01: 12, 2027-04-01: 15"),
            Field("timing", "Billed", "choice", options=tuple(RecurringCharge.Timing.choices)),
            Field("cadence", "Every", "choice", options=(NONE, *Contract.Cadence.choices)),
        ),
        agreed.add_recurring,
    ),
    "one_time": Form(
        "one-time charge",
        (KEY, NAME, PRODUCT, UNIT_PRICE, QUANTITY, Field("date", "Day", "date", help="Empty: the first.")),
        agreed.add_one_time,
    ),
    "allowance": Form(
        "allowance",
        (
            KEY, NAME, PRODUCT, Field("units", "Free units a period", "number", required=True),
            Field("per", "For each unit of", help="A recurring charge's key, such as seats; empty: none."),
        ),
        add_allowance,
    ),
    "discount": Form(
        "discount",
        (
            KEY, NAME, Field("percent", "Percent", "number"), Field("amount", "Amount a period", "number"),
            Field("periods", "For how many periods", "whole", help="1: once; empty: for ever. A stub counts as one."),
            Field("carry_rest", "What a period leaves of the amount", "yes", options=RESTS), PRODUCTS,
        ),
        agreed.add_discount,
    ),
    "bound": Form(
        "minimum or maximum",
        (KEY, NAME, Field("kind", "Kind", "choice", True, tuple(AgreedBound.Kind.choices)), AMOUNT, PRODUCTS),
        agreed.add_bound,
    ),
    "instrument": Form(
        "commit or credit",
        (
            KEY, NAME, Field("kind", "Kind", "choice", True, tuple(Instrument.Kind.choices)), AMOUNT,
            Field("invoiced", "Billed for it", "number", help="Only a prepaid commit."), *DAYS, PRIORITY, PRODUCTS,
        ),
        instruments.add,
    ),
}  # fmt: skip
FORMS["multiplier"] = Form(
    "multiplier",
    (
        KEY, NAME, Field("factor", "Factor", "number", required=True, help="0.82 is 18 % off the list."), PRODUCTS,
        Field("tags", "Products with a tag", "words", help="Tags, separated by commas."),
        Field("match", "Only prices that name", "pairs", help="model: gpt-4o, token_type: input"), *DAYS,
        Field("priority", "Priority", "whole", value="0", help="Lower is first."),
    ),
    own_prices.add_multiplier,
)  # fmt: skip
GRANT = Form(
    "credit",
    (
        KEY, NAME, AMOUNT, Field("currency", "Currency", required=True), Field("start_date", "First day", "date", True),
        Field("end_date", "Last day", "date"), PRIORITY, PRODUCTS, Field("reason", "Why", "long", required=True),
    ),
    grants.request,
)  # fmt: skip
