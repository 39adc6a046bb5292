"""Two bodies beside each other, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monetization.values.canonical import canonical
from monetization.values.errors import Invalid

ENVELOPE = ("type", "subject", "time")


@dataclass(frozen=True, slots=True)
class Pair:
    """A field with what each side says; None where a side lacks it."""

    field: str
    left: str | None
    right: str | None

    @property
    def differs(self) -> bool:
        return self.left != self.right


def pairs(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[Pair]:
    """Lay two events beside each other: the envelope first, then every field of the data by its path."""
    one, other = dict(_fields(left)), dict(_fields(right))
    names = [name for name in ENVELOPE if name in one or name in other]
    names += sorted((one.keys() | other.keys()) - set(ENVELOPE))
    return [Pair(name, one.get(name), other.get(name)) for name in names]


def _fields(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ENVELOPE:
        value = body.get(name)
        if value is not None:
            yield name, text_of(value)
    yield from _inside(body.get("data"), "data")


def _inside(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _inside(inner, f"{path}.{name}")
    elif value is not None:
        yield path, text_of(value)


def text_of(value: Any) -> str:
    """Write a value as it would be sent; numbers in one form, so that 1.0 and 1 are the same."""
    if isinstance(value, str):
        return value
    try:
        return canonical(value)
    except Invalid:
        return str(value)
