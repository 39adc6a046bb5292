"""YAML as this product reads and writes it: every scalar is the text that stands there, so a price loses no digit.

Nothing is built from tags, nothing is referred to twice (anchors could make a small file huge), no key stands twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from monetization.values.errors import DomainError, Invalid

MEDIA = "application/yaml"
MOST_BYTES = 8 * 1024 * 1024
DEEPEST = 40
STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
STANDARD = "tag:yaml.org,2002:"


class Flow(dict[str, Any]):
    """A mapping that is written on one line."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file as it was read; `name` is said in refusals where there are several."""

    value: Any
    root: yaml.Node | None
    name: str = ""

    def at(self, error: DomainError) -> Invalid:
        """Add file and line to a refusal about a path."""
        line = self._line(error.field or "")
        where = ", ".join(part for part in (self.name, f"line {line}" if line else "") if part)
        message = f"{error.message} ({where})" if where else error.message
        return Invalid(message, field=error.field, fix=error.fix)

    def says(self, path: str) -> bool:
        """Say whether the thing of a path stands in this file: `plans.starter.fees` where it has `plans.starter`."""
        steps = [key for _, key in STEP.findall(path)][:2]
        found: Any = self.value
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return bool(steps) and found is not None

    def _line(self, path: str) -> int:
        node, line = self.root, 0
        for place, key in STEP.findall(path):
            node = _child(node, key, int(place or 0))
            if node is None:
                return line
            line = node.start_mark.line + 1
        return line


def parse(raw: bytes, name: str = "") -> Source:
    """Read one document. Raises Invalid, naming line and column, or the path."""
    if len(raw) > MOST_BYTES:
        fix = "Split it into several files of one folder"
        raise Invalid(f"{name or 'The file'} is larger than {MOST_BYTES >> 20} MB", field="file", fix=fix)
    try:
        text = raw.decode("utf-8-sig")
        _guard_depth(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        message = f"{name or 'The file'} is not UTF-8: byte {error.start} can't be read"
        raise Invalid(message, field="file", fix="Save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise _unreadable(error, name) from error
    return Source(_value(root, "") if root is not None else None, root, name)


def written(document: Any) -> str:
    """Write a document: keys in the order given, multi-line text as a block, the same bytes every time."""
    found: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False
    )
    return found


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar(f"{STANDARD}str", value, style=style)


def _one_line(dumper: yaml.CSafeDumper, value: Flow) -> yaml.MappingNode:
    return dumper.represent_mapping(f"{STANDARD}map", value.items(), flow_style=True)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(Flow, _one_line)


def _guard_depth(text: str) -> None:
    """Refuse what is nested too deeply before it is composed, which is done by recursion."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            if isinstance(event, yaml.AliasEvent):
                raise Invalid(f"Line {line} refers to another place", field="file", fix="Write it out, without * and &")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise Invalid(
                    f"Line {line} is nested too deeply", field="file", fix="See docs/catalog.md for its shape"
                )
    except yaml.YAMLError as error:
        raise _unreadable(error, "") from error


def _unreadable(error: yaml.YAMLError, name: str) -> Invalid:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}" if mark is not None else "somewhere"
    what = getattr(error, "problem", None) or "it can't be read"
    message = f"{name or 'The file'} is not YAML: {what}, {where}"
    return Invalid(message, field="file", fix="Mend that line; text with : or # needs quotes")


def _value(node: yaml.Node, path: str) -> Any:
    if not node.tag.startswith(STANDARD) or node.tag.startswith(f"{STANDARD}python"):
        raise Invalid(f"“{node.tag}” is no plain value", field=path or "file", fix="Leave the tag out")
    if isinstance(node, yaml.ScalarNode):
        return None if not node.style and node.value in NOTHING else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, f"{path}[{number}]") for number, each in enumerate(node.value)]
    found: dict[str, Any] = {}
    for name, value in node.value:
        if not isinstance(name, yaml.ScalarNode):
            raise Invalid("A name is not text", field=path or "file", fix="Use plain names")
        inner = f"{path}.{name.value}".lstrip(".")
        if name.value in found:
            message = f"It stands there twice, the second time in line {name.start_mark.line + 1}"
            raise Invalid(message, field=inner, fix="Leave one out")
        found[name.value] = _value(value, inner)
    return found


def _child(node: yaml.Node | None, key: str, place: int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and not key:
        return node.value[place] if place < len(node.value) else None
    return None
