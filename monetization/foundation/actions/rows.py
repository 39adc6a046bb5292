"""What every action does with a row: lock it, check it, keep it under the name of who changed it."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from psycopg.errors import ExclusionViolation, UniqueViolation

from monetization.foundation.models import User
from monetization.values.errors import Conflict, Invalid, NotAllowed, NotFound, refuse_if

Row = TypeVar("Row", bound=models.Model)


def allow(by: User | None, ability: str, obj: models.Model | None = None) -> None:
    """Refuse an actor without the ability. Raises NotAllowed.

    None is the installation itself: its command line and its scheduled tasks, never a request.
    """
    if by is not None and not by.has_perm(ability, obj):
        raise NotAllowed(
            f"You may not do this: it needs “{ability}”.", fix="Ask somebody who manages people for the role."
        )


def lock(row: Row) -> Row:
    """Return the row as it is now, locked until the end of the transaction. Raises NotFound."""
    found = type(row)._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if found is None:
        raise NotFound(f"This {row._meta.verbose_name} does not exist any more.")
    return found


def check(row: models.Model, *, leave: Collection[str] = ()) -> None:
    """Refuse a row whose fields or constraints are wrong, naming each field. Raises Invalid.

    Where a column may be NULL, None is right: Django's `blank` is about its own forms.
    """
    fields = row._meta.concrete_fields
    empty = {field.name for field in fields if field.null and getattr(row, field.attname) is None}
    refuse_if(_found(partial(row.clean_fields, exclude=empty | set(leave))))
    refuse_if([*_found(row.validate_unique), *_found(row.validate_constraints)])


def check_alone(row: models.Model) -> None:
    """Refuse a row by what it says itself, for a look ahead: rows that it names or may equal are left to `check`."""
    fields = row._meta.concrete_fields
    left = {field.name for field in fields if field.is_relation or (field.null and getattr(row, field.attname) is None)}
    alone = [each for each in row._meta.constraints if isinstance(each, models.CheckConstraint)]
    refuse_if(_found(partial(row.clean_fields, exclude=left)))
    refuse_if(error for each in alone for error in _found(partial(each.validate, type(row), row)))


def _found(validate: Callable[[], None]) -> list[Invalid]:
    try:
        validate()
    except ValidationError as error:
        if not hasattr(error, "error_dict"):
            return [Invalid(str(message)) for message in error.messages]
        return [
            Invalid(str(message), field=None if field == "__all__" else field)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
    return []


def keep(row: models.Model, *, by: User | None, at: datetime, reason: str = "") -> None:
    """Save a row; its history names who, when and why. Raises Conflict where another was faster."""
    history: Any = row
    history._history_user, history._history_date, history._change_reason = by, at, reason[:100] or None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation | ExclusionViolation):
            raise
        raise Conflict(
            f"Another {row._meta.verbose_name} already has this.", fix="Load the page again and compare."
        ) from error
