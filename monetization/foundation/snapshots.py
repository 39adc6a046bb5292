"""One past state of a row beside the one before it: who changed what, when and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

UNSAID = {"password", "secret", "secret_hash"}


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a past state; `before` is None where the state is the first."""

    name: str
    before: str | None
    after: str

    @property
    def moved(self) -> bool:
        """Tell whether this change touched it."""
        return self.before is not None and self.before != self.after


def fields_of(record: Any) -> list[Field]:
    """Set a historical record beside the one before it, column by column; secrets are left out."""
    before = record.prev_record
    return [
        Field(name, None if before is None else _text(before, column), _text(record, column))
        for name, column in _columns(record.instance_type)
    ]


def _columns(model: type[Model]) -> Iterator[tuple[str, str]]:
    for column in model._meta.concrete_fields:
        if column.name not in UNSAID:
            yield str(column.verbose_name).capitalize(), column.attname


def _text(record: Any, column: str) -> str:
    value = getattr(record, column, None)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()[:16]
    return "–" if value is None or value == "" else str(value)
