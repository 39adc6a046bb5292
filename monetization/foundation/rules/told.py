"""What an entry of a history changed, field by field: before and after as short text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monetization.values.canonical import canonical

LONGEST = 160
NOTHING = "–"
QUIET = frozenset({"digest", "content_digest", "password", "secret", "secret_hash"})


@dataclass(frozen=True, slots=True)
class Moved:
    """A field that was something and became something else; `–` where it said nothing."""

    field: str
    before: str
    after: str


def moved(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[Moved]:
    """List the fields that differ, in the order in which they are said; what is nested is named by its path."""
    old, new = _flat(before or {}), _flat(after or {})
    names = [*new, *(name for name in old if name not in new)]
    found = ((name, _text(old.get(name)), _text(new.get(name))) for name in names)
    return [Moved(name.replace("_", " "), was, becomes) for name, was, becomes in found if was != becomes]


def _flat(said: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name in QUIET:
            continue
        inner = f"{path}{name}"
        if isinstance(value, Mapping) and value:
            found |= _flat(value, f"{inner} › ")
        else:
            found[inner] = value
    return found


def _text(value: Any) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):  # the items of a request are named, not spelled out
        value = [each["subject"] if isinstance(each, Mapping) and "subject" in each else each for each in value]
    if isinstance(value, list) and all(isinstance(each, str | int) for each in value):
        text = ", ".join(map(str, value))
    else:
        text = canonical(value) if isinstance(value, list | Mapping) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
