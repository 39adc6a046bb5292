"""The key of a call with all that is asked of it, in one statement: its environment, its owner and the owner's roles.

Every call begins with it, so the statement is written once and not, as querysets are, anew for each call.
"""

from __future__ import annotations

import functools
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from monetization.foundation.models import ApiKey, Environment, User
from monetization.foundation.rules.roles import Role

Column = tuple[str, Any]  # the attribute's name, what turns the database's value into the model's (or None)
MODELS: tuple[tuple[str, type[Model]], ...] = (("k", ApiKey), ("o", User), ("e", Environment))


def key_of(prefix: str) -> tuple[ApiKey, frozenset[Role]] | None:
    """Find the key of which this part is shown, with its owner and environment; give the owner's staff roles too."""
    sql, columns = _statement()
    with connection.cursor() as cursor:
        cursor.execute(sql, [prefix])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    key, owner, environment = (
        _made(model, names, tuple(islice(values, len(names))))
        for (_, model), names in zip(MODELS, columns, strict=True)
    )
    assert isinstance(key, ApiKey) and isinstance(owner, User) and isinstance(environment, Environment)
    key.owner, key.environment = owner, environment
    held = key.owner.is_active and key.owner.is_staff
    return key, frozenset(map(Role, row[-1])) if held else frozenset()


@functools.cache
def _statement() -> tuple[str, tuple[tuple[Column, ...], ...]]:
    fields = [(alias, model._meta.concrete_fields) for alias, model in MODELS]
    named = ", ".join(f'{alias}."{field.column}"' for alias, each in fields for field in each)
    sql = (
        f"SELECT {named}, ARRAY(SELECT g.role::text FROM foundation_rolegrant g WHERE g.user_id = o.id)"
        " FROM foundation_apikey k JOIN foundation_user o ON o.id = k.owner_id"
        " JOIN foundation_environment e ON e.id = k.environment_id WHERE k.prefix = %s"
    )
    return sql, tuple(tuple((field.attname, _reader(field)) for field in each) for _, each in fields)


def _reader(field: Field[Any, Any]) -> Any:
    readers = field.get_db_converters(connection)
    return (lambda value: readers[0](value, None, connection)) if readers else None


def _made(model: type[Model], names: tuple[Column, ...], values: tuple[Any, ...]) -> Model:
    read = [value if reader is None else reader(value) for (_, reader), value in zip(names, values, strict=True)]
    return model.from_db("default", [name for name, _ in names], read)
