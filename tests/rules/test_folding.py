"""First migrations in one step: the same models, keys, indexes and constraints as step by step."""

from importlib import import_module
from typing import Any

import pytest
from django.db import models
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel, RunSQL
from django.db.migrations.state import ProjectState

from monetization.folding import Tables, folded

APPS = ("catalog.migrations", "billing.migrations", "metering.migrations", "monetization.foundation.migrations")


def steps() -> list[Any]:
    key = models.BigAutoField(primary_key=True)
    return [
        CreateModel("Leaf", [("id", key), ("branch", models.ForeignKey("t.Branch", models.CASCADE))]),
        CreateModel("Branch", [("id", key), ("size", models.IntegerField())]),
        AddField("Branch", "parent", models.ForeignKey("t.Branch", models.CASCADE, null=True)),
        AddField("Branch", "first", models.ForeignKey("t.Leaf", models.CASCADE, null=True)),
        AddConstraint("Branch", models.UniqueConstraint(fields=["first"], name="one_first")),
        AddIndex("Leaf", models.Index(fields=["branch"], name="leaf_of_branch")),
        RunSQL("SELECT 1"),
    ]


def state(operations: list[Any]) -> dict[Any, Any]:
    made = ProjectState()
    for each in operations:
        each.state_forwards("t", made)
    return {
        name: (
            {key: field.deconstruct()[1:] for key, field in model.fields.items() if key != "id"},
            *(sorted(str(each) for each in model.options.get(option, ())) for option in ("indexes", "constraints")),
        )
        for name, model in made.models.items()
    }


def test_it_comes_to_the_same_models() -> None:
    assert state(folded("t", steps())) == state(steps())


def test_tables_come_after_those_they_point_at_and_a_circle_is_closed_later() -> None:
    tables, late, *rest = folded("t", steps())
    assert isinstance(tables, Tables)
    assert [each.name for each in tables.operations] == ["Branch", "Leaf"]
    assert [name for name, _ in tables.operations[0].fields] == ["id", "size", "parent"]
    assert (late.model_name, late.name) == ("Branch", "first")
    assert [type(each) for each in rest] == [AddConstraint, RunSQL]  # the constraint needs the late column
    assert [each.name for each in tables.operations[1].options["indexes"]] == ["leaf_of_branch"]


@pytest.mark.parametrize("package", APPS)
def test_the_first_migrations_are_few_steps(package: str) -> None:
    made = import_module(f"{package}.0001_initial").Migration.operations
    assert sum(isinstance(each, Tables) for each in made) == 1
    assert len(made) <= 4
