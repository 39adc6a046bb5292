"""Forms as data: which fields a part has and how each is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
