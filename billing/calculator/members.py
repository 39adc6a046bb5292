"""Between a quote's body and flat names: what a body says beyond its defaults, its paths, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from monetization.values.money import plain

PATH = re.compile(r"([a-z_]{1,30}(\[\d{1,3}\])?)(\.[a-z_]{1,30}(\[\d{1,3}\])?)*", re.ASCII)
STEP = re.compile(r"[a-z_]+|\d+")


def said(value: Any) -> Any:
    """Write a body as JSON values, without the members that say their default; numbers as exact text."""
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        return {f.name: said(found) for f in fields if (found := getattr(value, f.name)) != _default(f)}
    if isinstance(value, list):
        return [said(each) for each in value]
    if isinstance(value, dict):
        return {name: said(each) for name, each in value.items()}
    if isinstance(value, Decimal):
        return plain(value)
    return value.value if isinstance(value, Enum) else value


def _default(field: Any) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def written(body: Any) -> str:
    """Write a body as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(said(body)), indent=2).decode()


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each member of JSON values by its path."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from flat(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from flat(each, f"{path}[{number}]")
    else:
        yield path, value


def nested(texts: Mapping[str, str]) -> dict[str, Any]:
    """Put texts that are named by paths into each other; empty ones and names that are no paths are left out."""
    root: dict[str, Any] = {}
    for path, text in texts.items():
        if text.strip() and PATH.fullmatch(path):
            *steps, last = STEP.findall(path)
            place = root
            for step in steps:
                inner = place.setdefault(step, {})
                place = inner if isinstance(inner, dict) else {}
            place[last] = text.strip()
    found: dict[str, Any] = _lists(root)
    return found


def _lists(value: Any) -> Any:
    """Turn what is numbered into lists, in order."""
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(each) for key, each in value.items()}
