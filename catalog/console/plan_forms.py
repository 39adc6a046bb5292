"""Forms of a plan's parts, as data, read into what its package says: numbers stay text, so that no digit is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from catalog.console.form_fields import Field, Form
from catalog.rules.plans.part_words import EVERY, WINDOWS
from monetization.foundation.web import StaffRequest, number_in
from monetization.values.errors import Invalid
from monetization.values.money import plain

YES = (("yes", "yes"), ("", "no"))
NO = (("", "no"), ("yes", "yes"))
KEY = Field("key", "Key", required=True, help="The same in every version: seats.")
NAME = Field("name", "Name", required=True, help="As it is printed.")
PRODUCT = Field("product", "Product", "product", required=True)
PRODUCTS = Field("products", "Only products", "list", help="Keys, separated by commas; empty: all.")
PRICE = Field("unit_price", "Price", "money", True, help="For each currency offered: EUR 49, USD 55")
AMOUNT = Field("amount", "Amount", "money", True, help="For each currency offered: EUR 49, USD 55")
MAYBE = Field("amount", "Amount a period", "money", help="EUR 5, USD 5")
QUANTITY = Field("quantity", "Quantity", "number", value="1")
TIMING = Field("timing", "Billed", "choice", options=(("ADVANCE", "In advance"), ("ARREARS", "In arrears")))
KINDS = (("MINIMUM", "Minimum"), ("MAXIMUM", "Maximum"))


def _form(noun: str, *fields: Field) -> Form:
    return Form(noun, (KEY, NAME, *fields), dict)


FORMS: dict[str, Form] = {
    "fees": _form(
        "recurring fee", PRODUCT, PRICE, QUANTITY, TIMING,
        Field("cadence", "Every", "choice", options=tuple(EVERY.items())),
    ),
    "one_time": _form("one-time fee", PRODUCT, PRICE, QUANTITY),
    "allowances": _form(
        "allowance", PRODUCT, Field("units", "Free units a period", "number", True),
        Field("per", "For each unit of", help="A recurring fee's key, such as seats; empty: none."),
    ),
    "limits": _form(
        "limit", Field("metric", "Metric", "metric", help="Empty: a limit of spend."),
        Field("match", "Only where", "match", help="model: gpt-4o, token_type: output"),
        Field("most", "Most units", "number"), Field("amount", "Most spend", "money", help="EUR 900, USD 1000"),
        Field("window", "In", "choice", options=tuple(WINDOWS.items())),
        Field("is_hard", "Refuse beyond it", "flag", options=YES),
        Field("thresholds", "Tell at percent", "whole_list", help="80, 100"),
    ),
    "grants": _form(
        "credit", AMOUNT, Field("months", "Valid months", "whole"), Field("days", "or days", "whole",
              help="Neither: as long as the contract."), PRODUCTS,
    ),
    "discounts": _form(
        "discount", Field("percent", "Percent", "number"), MAYBE,
        Field("counts_for_minimum", "Still counts for the minimum", "flag", options=NO), PRODUCTS,
    ),
    "bounds": _form(
        "minimum or maximum", Field("kind", "Kind", "choice", True, KINDS), AMOUNT,
        Field("prorates", "By days in a part of a period", "flag", options=YES), PRODUCTS,
    ),
}  # fmt: skip


def said_in(request: StaffRequest, form: Form) -> dict[str, Any]:
    """Read a part as its package says it; what is left empty is left out. Raises Invalid."""
    found: dict[str, Any] = {}
    for field in form.fields:
        text = request.POST.get(field.name, "").strip()
        if field.kind == "flag":
            found[field.name] = text == "yes"
        elif text:
            found[field.name] = READERS.get(field.kind, _text)(text, field.name)
    return found


def shown_in(part: Mapping[str, Any], form: Form) -> dict[str, str]:
    """Write a part as its form shows it."""
    return {field.name: _shown(part.get(field.name), field.kind) for field in form.fields}


def _shown(value: Any, kind: str) -> str:
    if kind == "money":
        return ", ".join(f"{code} {amount}" for code, amount in sorted((value or {}).items()))
    if kind == "match":
        return ", ".join(f"{key}: {each}" for key, each in sorted((value or {}).items()))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else ""
    return "" if value is None or (kind == "whole" and not value) else str(value)


def _text(text: str, name: str) -> Any:
    return text


def _number(text: str, name: str) -> Any:
    return plain(number_in(text, name) or 0)


def whole(text: str, name: str) -> Any:
    """Read a small whole number. Raises Invalid."""
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field=name, fix="Write digits, such as 10")
    return int(text)


def _items(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _money(text: str, name: str) -> Any:
    pairs = [part.partition(" ")[::2] for part in _items(text)]
    for code, amount in pairs:
        if not (len(code) == 3 and code.isalpha() and amount.strip()):
            raise Invalid(f"“{code} {amount}” is no amount", field=name, fix="Write it like EUR 49, USD 55")
    return {code.upper(): _number(amount, name) for code, amount in pairs}


def _match(text: str, name: str) -> Any:
    pairs = [part.partition(":")[::2] for part in _items(text)]
    if not all(value.strip() for _, value in pairs):
        raise Invalid("A condition is a dimension and its value", field=name, fix="Write it like model: gpt-4o")
    return {key.strip(): value.strip() for key, value in pairs}


READERS: dict[str, Callable[[str, str], Any]] = {
    "number": _number, "whole": whole, "money": _money, "match": _match,
    "list": lambda text, name: _items(text),
    "whole_list": lambda text, name: [whole(part, name) for part in _items(text)],
}  # fmt: skip
