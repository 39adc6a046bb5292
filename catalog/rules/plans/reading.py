"""A package from and to plain values, such as JSON: read by its types, written with decimals as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from catalog.rules.plans.package import Package
from monetization.values.errors import Invalid
from monetization.values.money import plain

MEMBER = re.compile(r"Object (contains unknown|missing required) field `(.*)`", re.S)


def read(document: Mapping[str, Any], *, lax: bool = False) -> Package:
    """Read a package; amounts are text or exact numbers. Raises Invalid, naming the member.

    `lax`: text also stands for whole numbers and for true and false, as in a file whose every value is text.
    """
    try:
        return msgspec.convert(document, Package, strict=not lax)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def written(package: Package) -> dict[str, Any]:
    """Write a package as plain values: decimals as text with the digits that they need."""
    found: dict[str, Any] = _plain(msgspec.to_builtins(package, builtin_types=(Decimal,)))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value) if value.is_finite() else str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _refusal(words: str) -> Invalid:
    said, _, path = words.partition(" - at `$")
    field = path.strip("`").lstrip(".").replace("[...]", "")
    if member := MEMBER.fullmatch(said):
        field = f"{field}.{member[2]}".lstrip(".")
        said = "There is no such member" if member[1].startswith("contains") else "This is missing"
    return Invalid(said, field=field or "content", fix="See docs/plans.md for what a package says")
