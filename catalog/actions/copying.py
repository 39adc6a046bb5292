"""A draft that starts as a copy of an earlier contract: its terms and all its parts, their days moved with its own."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.db import models, transaction

from catalog.actions import contracts, governed
from catalog.actions.agreed import PARTS
from catalog.actions.contracts import guard_account
from catalog.models import Contract, Instrument
from catalog.rules.moved import moved
from monetization.foundation.actions import rows
from monetization.foundation.models import Account, User


@transaction.atomic
def copy(
    *, source: Contract, account: Account, key: str, name: str, start_date: date, by: User, at: datetime
) -> Contract:
    """Draft an account a contract like another one, from another first day on; the copy follows nothing later in it."""
    guard_account(by, source.account)
    terms = {field: getattr(source, field) for field in contracts.EDITABLE - {"name", "start_date"}}
    for field in ("end_date", "pinned_until"):
        if terms[field] is not None:
            terms[field] = moved(terms[field], source.start_date, start_date, is_last=field == "end_date")
    made = contracts.draft(account=account, key=key, name=name, start_date=start_date, by=by, at=at, **terms)
    for model in PARTS.values():
        for row in model._default_manager.filter(contract=source).order_by("pk"):
            _copied(row, made, {"contract": made}, source.start_date, by, at)
    governed.record(made, "copied", by=by, at=at, after={"from": source.key})
    return made


def _copied(row: Any, made: Contract, owner: dict[str, Any], start: date, by: User, at: datetime) -> None:
    """Copy a part, what it is for, and the rows of the catalog that belong to it."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key and field.name not in owner]
    said = {field.attname: getattr(row, field.attname) for field in fields}
    for field in fields:
        if isinstance(field, models.DateField) and said[field.attname] is not None:
            is_last = field.name == "end_date"
            said[field.attname] = moved(said[field.attname], start, made.start_date, is_last=is_last)
    new: Any = type(row)(**said | owner)
    if isinstance(new, Instrument):
        new.account, new.key = made.account, _free_key(made.account, row.key)
    rows.check(new)
    rows.keep(new, by=by, at=at)
    for many in row._meta.many_to_many:
        getattr(new, many.name).set(getattr(row, many.name).all())
    for name, field_name in _belongings(row):
        for each in getattr(row, name).all():
            _copied(each, made, {field_name: new}, start, by, at)


def _belongings(row: models.Model) -> Iterator[tuple[str, str]]:
    """Name what points at a row within the catalog: (its accessor, its foreign key)."""
    for each in row._meta.related_objects:
        model = each.related_model
        ours = model._meta.app_label == "catalog" and not model.__name__.startswith("Historical")
        if each.one_to_many and ours and not each.hidden:
            yield each.get_accessor_name() or "", each.field.name


def _free_key(account: Account, key: str) -> str:
    """Give a key that no commit or credit of an account has yet."""
    taken = set(Instrument.objects.filter(account=account).values_list("key", flat=True))
    tries = [key, *(f"{key[:60]}-{number}" for number in range(2, 1000))]
    return next(each for each in tries if each not in taken)
