"""A first migration as one step: tables are made whole, those that others point at first.

Django writes each table, key, index and constraint as a step of its own, and renders all models around the one that a
step changes again: with some two hundred models that took minutes. What is made is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field


def folded(app: str, operations: Sequence[Operation]) -> list[Operation]:
    """Give steps that come to the same; those that can't be part of making a table stay, in their order."""
    fields = [each for each in operations if isinstance(each, AddField)]
    made = {each.name_lower: each for each in operations if isinstance(each, CreateModel)}
    points = {name: _others(app, name, [field for _, field in each.fields], made) for name, each in made.items()}
    inside = set()
    for each in fields:
        more = _others(app, each.model_name_lower, [each.field], made)
        if each.model_name_lower in made and _is_ordered(points, each.model_name_lower, more):
            points[each.model_name_lower] |= more
            made[each.model_name_lower].fields.append((each.name, each.field))
            inside.add(id(each))
    late = {(each.model_name_lower, each.name_lower) for each in fields if id(each) not in inside}
    left = [each for each in operations if not isinstance(each, CreateModel) and id(each) not in inside]
    kept = [each for each in left if not _option(made, late, each)]
    return [Tables(made[name] for name in TopologicalSorter(points).static_order()), *kept]


class Tables(Operation):
    """Many tables at once, so that their models are rendered once."""

    reversible = True

    def __init__(self, operations: Iterable[CreateModel]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Give what makes it again."""
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add the models to a state that isn't rendered; whoever needs that renders them all."""
        state.__dict__.pop("apps", None)
        for each in self.operations:
            each.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the tables."""
        for each in self.operations:
            each.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Drop the tables, the last one first."""
        for each in reversed(self.operations):
            each.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """Say what it does."""
        return f"Create {len(self.operations)} tables"


def _others(app: str, name: str, fields: Sequence[Field[Any, Any]], made: Mapping[str, CreateModel]) -> set[str]:
    return set(_pointed(app, fields)) & made.keys() - {name}


def _pointed(app: str, fields: Sequence[Field[Any, Any]]) -> Iterator[str]:
    """Yield the models of the app that fields point at."""
    for field in fields:
        for target in (field.remote_field and field.remote_field.model, getattr(field.remote_field, "through", None)):
            label, _, name = str(target or "").lower().rpartition(".")
            if label == app:
                yield name


def _is_ordered(points: dict[str, set[str]], name: str, more: set[str]) -> bool:
    """Say whether tables can still be made one after another, when one more points at others."""
    try:
        list(TopologicalSorter(points | {name: points[name] | more}).static_order())
    except CycleError:
        return False
    return True


def _option(made: dict[str, CreateModel], late: set[tuple[str, str]], each: Operation) -> bool:
    """Make an index or a constraint a part of its table; not where a column comes later."""
    if not isinstance(each, AddIndex | AddConstraint):
        return False
    name = each.model_name_lower
    if name not in made or any(model == name for model, _ in late):
        return False
    option, value = ("indexes", each.index) if isinstance(each, AddIndex) else ("constraints", each.constraint)
    made[name].options.setdefault(option, []).append(value)
    return True
