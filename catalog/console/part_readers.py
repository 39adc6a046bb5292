"""How the fields of parts' forms are read: keys, days, amounts and schedules. Each raises Invalid."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.models import Product
from catalog.rules.schedules import Billing, Item
from monetization.foundation.web import StaffRequest, day_in, number_in
from monetization.values.errors import Invalid


def _whole(request: StaffRequest, name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise Invalid(f"“{text}” is not a whole number here", field=name, fix="Write digits, such as 10")
    return int(text)


def _product(request: StaffRequest, name: str, text: str) -> Product:
    found = Product.objects.filter(environment=request.environment, key=text).first()
    if found is None:
        raise Invalid(f"There is no product “{text}”", field=name, fix="Write its key")
    return found


def _products(request: StaffRequest, name: str, text: str) -> list[Product]:
    return [_product(request, name, part.strip()) for part in text.split(",") if part.strip()]


def _changes(request: StaffRequest, name: str, text: str) -> list[tuple[Any, Any]]:
    found = []
    for part in text.split(","):
        day, _, number = part.partition(":")
        pair = day_in(day, name), number_in(number, name)
        if None in pair:
            raise Invalid(f"“{part.strip()}” is no day and quantity", field=name, fix="Write it like 2027-01-01: 12")
        found.append(pair)
    return found


def _words(request: StaffRequest, name: str, text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _access(request: StaffRequest, name: str, text: str) -> list[Item]:
    """Read access items: first day, last day (or none), amount."""
    found = []
    for days, number in _pairs(text, name, "2026-10-01 2027-09-30: 120000"):
        first, *last = days.split()
        if len(last) > 1:
            raise Invalid(f"“{days}” is no first and last day", field=name, fix="Write two days, or one")
        found.append(Item(number, _day(first, name), _day(last[0], name) if last else None))
    return found


def _invoices(request: StaffRequest, name: str, text: str) -> list[Billing]:
    return [Billing(number, _day(days, name)) for days, number in _pairs(text, name, "2026-10-01: 60000")]


def _match(request: StaffRequest, name: str, text: str) -> dict[str, str]:
    found = {}
    for part in _words(request, name, text):
        key, colon, value = part.partition(":")
        if not colon:
            raise Invalid(f"“{part}” is no dimension and value", field=name, fix="Write it like model: gpt-4o")
        found[key.strip()] = value.strip()
    return found


def _pairs(text: str, name: str, like: str) -> Iterator[tuple[str, Decimal]]:
    for part in filter(str.strip, text.split(",")):
        days, _, said = part.partition(":")
        number = number_in(said, name)
        if number is None or not days.strip():
            raise Invalid(f"“{part.strip()}” is no day and amount", field=name, fix=f"Write it like {like}")
        yield days.strip(), number


def _day(text: str, name: str) -> date:
    found = day_in(text, name)
    if found is None:
        raise Invalid("A day is missing", field=name, fix="Write it like 2026-10-01")
    return found


READERS: dict[str, Callable[[StaffRequest, str, str], Any]] = {
    "whole": _whole, "product": _product, "products": _products, "changes": _changes,
    "words": _words, "pairs": _match, "yes": lambda request, name, text: True, "access": _access, "invoices": _invoices,
}  # fmt: skip
