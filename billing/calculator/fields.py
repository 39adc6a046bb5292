"""What the calculator's template draws: the inputs of each charge with their texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from billing.calculator.forms import MOST_TIERS

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "JPY", "INR", "BRL", "AUD", "CAD", "SEK", "KWD")
LABELS = {
    "name": "Name", "metric.unit": "Unit", "used": "Quantity used", "free_units": "Free units", "minimum": "Minimum",
    "prices[0].unit_price": "Price per unit", "prices[0].package_size": "Units in a package",
    "prices[0].package_price": "Price of a package", "prices[0].percent": "Percent", "prices[0].fixed_fee": "Fixed fee",
    "prices[0].minimum_fee": "At least", "prices[0].maximum_fee": "At most", "transactions": "Transactions",
    "unit_price": "Fee per period", "quantity": "Quantity", "amount": "Amount",
}  # fmt: skip
TEXTS = ("name", "metric.unit")
SETS: dict[str, tuple[tuple[str, ...], ...]] = {
    "only-unit": (("prices[0].unit_price",),),
    "only-package": (("prices[0].package_size", "prices[0].package_price"),),
    "only-percentage": (
        ("transactions", "prices[0].percent", "prices[0].fixed_fee", "prices[0].minimum_fee", "prices[0].maximum_fee"),
    ),
    "only-recurring": (("unit_price", "quantity"),),
    "only-once": (("amount",),),
    "only-usage": (("used", "metric.unit", "free_units", "minimum"),),
}


@dataclass(frozen=True, slots=True)
class Box:
    """An input: its name is the path of its member."""

    name: str
    label: str
    value: str
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class ChargeFields:
    """The inputs of a charge."""

    number: int
    path: str
    key: str
    model: str
    name: Box
    sets: tuple[tuple[str, tuple[Box, ...]], ...]
    tiers: tuple[tuple[Box, Box, Box], ...]


def charges_of(typed: Mapping[str, str]) -> list[ChargeFields]:
    """List the charges of a form, with an empty tier more than each has."""
    return [_charge(typed, number) for number in numbers_of(typed)]


def numbers_of(typed: Mapping[str, str]) -> list[int]:
    """List the numbers of the charges that a form holds."""
    heads = {path[8 : path.index("]")] for path in typed if path.startswith("charges[") and "]" in path}
    return sorted(int(text) for text in heads if text.isascii() and text.isdigit() and len(text) < 4)


def _charge(typed: Mapping[str, str], number: int) -> ChargeFields:
    path = f"charges[{number}]"
    sets = ((name, tuple(_box(typed, path, each) for row in rows for each in row)) for name, rows in SETS.items())
    key, model = typed.get(f"{path}.key", ""), typed.get(f"{path}.model", "PER_UNIT")
    return ChargeFields(
        number, path, key, model, _box(typed, path, "name"), tuple(sets), tuple(_tiers(typed, f"{path}.prices[0]"))
    )


def _box(typed: Mapping[str, str], path: str, name: str) -> Box:
    return Box(f"{path}.{name}", LABELS[name], typed.get(f"{path}.{name}", ""), name in TEXTS)


def _tiers(typed: Mapping[str, str], path: str) -> Iterator[tuple[Box, Box, Box]]:
    marks = {name[len(path) + 7 :].partition("]")[0] for name in typed if name.startswith(f"{path}.tiers[")}
    count = max((int(text) for text in marks if text.isascii() and text.isdigit() and len(text) < 3), default=-1) + 1
    for number in range(min(max(count + 1, 3), MOST_TIERS)):
        yield (
            _cell(typed, path, number, "up_to", "up to"),
            _cell(typed, path, number, "unit_price", "price"),
            _cell(typed, path, number, "flat_fee", "flat fee"),
        )


def _cell(typed: Mapping[str, str], path: str, number: int, name: str, words: str) -> Box:
    place = f"{path}.tiers[{number}].{name}"
    return Box(place, f"Tier {number + 1} {words}", typed.get(place, ""))


def with_charge(typed: Mapping[str, str]) -> dict[str, str]:
    """Add an empty charge with a key of its own."""
    numbers = numbers_of(typed)
    number = (numbers[-1] + 1) if numbers else 0
    taken = {typed.get(f"charges[{each}].key") for each in numbers}
    key = next(f"charge-{count}" for count in range(number + 1, number + 1000) if f"charge-{count}" not in taken)
    path = f"charges[{number}]"
    return {**typed, f"{path}.key": key, f"{path}.model": "PER_UNIT", f"{path}.name": "New charge"}


def without_charge(typed: Mapping[str, str], number: str) -> dict[str, str]:
    """Take a charge out; the others keep their order."""
    path, kept = f"charges[{number}].", {}
    numbers = [each for each in numbers_of(typed) if str(each) != number]
    for name, text in typed.items():
        if not name.startswith(path):
            kept[_moved(name, numbers)] = text
    return kept


def _moved(name: str, numbers: list[int]) -> str:
    if not name.startswith("charges["):
        return name
    old, rest = name[8:].split("]", 1)
    return f"charges[{numbers.index(int(old))}]{rest}" if old.isdigit() and int(old) in numbers else name


KINDS = (("credit", "Credit"), ("prepaid", "Prepaid commit"), ("postpaid", "Postpaid commit"))


def ids_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Give what the form keeps about the whole invoice and nobody types."""
    return {
        "discount": typed.get("discounts[0].id", "discount"), "discount_name": typed.get("discounts[0].name", ""),
        "instrument": typed.get("instruments[0].id", "balance"), "kind": typed.get("instruments[0].kind", "credit"),
        "kinds": KINDS,
    }  # fmt: skip


def whole_of(typed: Mapping[str, str]) -> dict[str, Any]:
    """Give the inputs about the whole invoice."""
    return {
        "discount": Box("discounts[0].percent", "Discount in percent", typed.get("discounts[0].percent", "")),
        "minimum": Box("minimums[0].amount", "Minimum of the invoice", typed.get("minimums[0].amount", "")),
        "balance": Box("instruments[0].balance", "Balance", typed.get("instruments[0].balance", "")),
        "invoiced": Box("instruments[0].invoiced", "Paid for it", typed.get("instruments[0].invoiced", "")),
        "tax": Box("taxes[0].percent", "Tax in percent", typed.get("taxes[0].percent", "")),
    }
