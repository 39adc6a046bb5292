"""Everything for which a package is refused by itself, each with its member and what mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from catalog.rules.plans.members import faults_of_parts
from catalog.rules.plans.package import KINDS, Money, Package, Part, parts_of
from catalog.rules.tariff_errors import storable
from monetization.values.errors import DomainError, Invalid
from monetization.values.money import minor_digits

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
MOST_PARTS, MOST_CURRENCIES, LONGEST_NAME = 50, 30, 120
BOUNDS = (("net_days", 0, 365), ("trial_days", 0, 366), ("term_months", 1, 600), ("anchor_day", 1, 31))
ROUNDED = {"grants": "amount", "discounts": "amount", "bounds": "amount", "limits": "amount"}
Fault = Iterator[DomainError]


def faults(package: Package) -> list[DomainError]:
    """List all that is wrong, products and metrics apart: what they are is not known here."""
    numbers = list(_numbers(package))
    if numbers:
        return numbers
    found = [*_currencies(package), *_terms(package)]
    for kind in KINDS:
        found += _parts(package, kind)
    return [*found, *faults_of_parts(package)]


def unstorable(package: Package) -> list[DomainError]:
    """List numbers that no column can hold exactly; such a package isn't even kept as a draft."""
    return list(_numbers(package))


def _numbers(package: Package) -> Fault:
    for kind in KINDS:
        for number, part in enumerate(parts_of(package, kind)):
            for path, value in _decimals(part, f"{kind}[{number}]"):
                if not storable(value):
                    fix = "Up to 20 digits before the point and 18 after it"
                    yield Invalid("This number can't be kept exactly", field=path, fix=fix)
                elif value < 0:
                    yield Invalid("This can't be below zero", field=path, fix="Use zero or more")


def _decimals(part: Part, path: str) -> Iterator[tuple[str, Decimal]]:
    for name in part.__struct_fields__:
        value: Any = getattr(part, name)
        if isinstance(value, Decimal):
            yield f"{path}.{name}", value
        if isinstance(value, dict):
            inner = value.items()
            yield from ((f"{path}.{name}.{key}", each) for key, each in inner if isinstance(each, Decimal))


def _currencies(package: Package) -> Fault:
    if not package.currencies:
        yield Invalid("It is offered in no currency", field="currencies", fix="Name one, such as EUR")
    if len(package.currencies) > MOST_CURRENCIES:
        yield Invalid("Too many currencies", field="currencies", fix=f"At most {MOST_CURRENCIES}")
    for number, code in enumerate(package.currencies):
        if code in package.currencies[:number]:
            yield Invalid(f"{code} is there twice", field=f"currencies[{number}]", fix="Name it once")
        elif not _is_currency(code):
            yield Invalid(f"“{code}” is no currency", field=f"currencies[{number}]", fix="Use an ISO 4217 code")


def _is_currency(code: str) -> bool:
    try:
        minor_digits(code)
    except Invalid:
        return False
    return True


def _terms(package: Package) -> Fault:
    for name, least, most in BOUNDS:
        value = getattr(package, name)
        if value is not None and not least <= value <= most:
            yield Invalid("This is out of bounds", field=name, fix=f"From {least} to {most}")
    if (package.anchor == "day") != (package.anchor_day is not None):
        fix = "Give it with the anchor “day”, and only then"
        yield Invalid("A stated day belongs to its anchor", field="anchor_day", fix=fix)


def _parts(package: Package, kind: str) -> Fault:
    parts = parts_of(package, kind)
    if len(parts) > MOST_PARTS:
        yield Invalid("Too many of one kind", field=kind, fix=f"At most {MOST_PARTS}")
    keys = [part.key for part in parts]
    for number, part in enumerate(parts):
        path = f"{kind}[{number}]"
        if not KEY.fullmatch(part.key):
            fix = "Lower-case letters, digits, dot, hyphen, underscore; up to 63"
            yield Invalid(f"“{part.key}” is no key", field=f"{path}.key", fix=fix)
        elif part.key in keys[:number]:
            yield Invalid(f"“{part.key}” is there twice", field=f"{path}.key", fix="Give it another key")
        if not 0 < len(part.name.strip()) <= LONGEST_NAME:
            yield Invalid("It needs a name", field=f"{path}.name", fix=f"Up to {LONGEST_NAME} letters, as printed")
        for name in part.__struct_fields__:
            if name in ("unit_price", "amount") and (money := getattr(part, name)):
                yield from _money(money, package.currencies, f"{path}.{name}", ROUNDED.get(kind) == name)


def _money(money: Money, currencies: list[str], path: str, is_rounded: bool) -> Fault:
    """Want an amount for each currency that is offered, for no other, and where it is money, in its minor unit."""
    for code in currencies:
        if code not in money:
            yield Invalid(f"There is no amount in {code}", field=f"{path}.{code}", fix="Add it, or don't offer it")
    for code, amount in money.items():
        if code not in currencies:
            yield Invalid(f"{code} isn't offered", field=f"{path}.{code}", fix="Offer it, or take it away")
        elif is_rounded and _is_currency(code) and not _in_minor_units(amount, code):
            fix = f"{code} has {minor_digits(code)} decimal places"
            yield Invalid("This has too many digits", field=f"{path}.{code}", fix=fix)


def _in_minor_units(amount: Decimal, code: str) -> bool:
    return bool((Fraction(amount) * 10 ** minor_digits(code)).denominator == 1)


def products_of(part: Part) -> Mapping[str, str]:
    """Name the products of a part, by the member that names them."""
    single: str = getattr(part, "product", "")
    many: list[str] = getattr(part, "products", [])
    return ({"product": single} if single else {}) | {f"products[{n}]": key for n, key in enumerate(many)}
