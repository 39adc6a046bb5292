"""A draft that starts as a copy of an earlier contract: its terms and all its parts, their days moved with its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
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

MADE = ("rolled_from_id", "recurring_id")  # what came of other parts comes of their copies
LEFT = ("amendment",)  # what an amendment agreed is a part like any other of the copy


@transaction.atomic
def copy(
    *, source: Contract, account: Account, key: str, name: str, start_date: date, by: User, at: datetime
) -> Contract:
    """Draft an account a contract like another one, from another first day on; the copy follows nothing later in it."""
    guard_account(by, source.account)
    terms = {column: getattr(source, column) for column in contracts.EDITABLE - {"name", "start_date"}}
    terms["trial_until"] = None  # a trial is for a first time
    for column in ("end_date", "pinned_until"):
        if terms[column] is not None:
            terms[column] = moved(terms[column], source.start_date, start_date, is_last=column == "end_date")
    made = contracts.draft(account=account, key=key, name=name, start_date=start_date, by=by, at=at, **terms)
    copier = Copier(source, made, by, at)
    for model in PARTS.values():
        for row in model._default_manager.filter(contract=source).order_by("pk"):
            if not any(getattr(row, name, None) for name in MADE):
                copier.copied(row)
    governed.record(made, "copied", by=by, at=at, after={"from": source.key})
    return made


@dataclass(frozen=True, slots=True)
class Copier:
    """Copies parts, what they are for, the rows that belong to them, and first the parts that they name."""

    source: Contract
    made: Contract
    by: User
    at: datetime
    known: dict[tuple[type, Any], Any] = field(default_factory=dict)

    def copied(self, row: Any) -> Any:
        """Give the copy of a row; it is made once."""
        place = (type(row), row.pk)
        if place not in self.known:
            self.known[place] = self._copy(row)
        return self.known[place]

    def _copy(self, row: Any) -> Any:
        new = type(row)(**{column.name: self._value(row, column) for column in _columns(row)})
        if isinstance(new, Instrument):
            new.account, new.key = self.made.account, _free_key(self.made.account, row.key)
        rows.check(new)
        rows.keep(new, by=self.by, at=self.at)
        self.known[type(row), row.pk] = new
        for many in row._meta.many_to_many:
            getattr(new, many.name).set(getattr(row, many.name).all())
        for name in _belongings(row):
            for each in getattr(row, name).all():
                self.copied(each)
        return new

    def _value(self, row: Any, column: Any) -> Any:
        value = getattr(row, column.name)
        if value == self.source:
            return self.made
        if isinstance(column, models.ForeignKey) and self._moves(value):
            return self.copied(value)
        if isinstance(column, models.DateField) and value is not None:
            is_last = column.name == "end_date"
            return moved(value, self.source.start_date, self.made.start_date, is_last=is_last)
        return value

    def _moves(self, value: Any) -> bool:
        """Say whether what a row names is copied too."""
        return type(value) in PARTS.values() or (type(value), getattr(value, "pk", None)) in self.known


def _columns(row: models.Model) -> Iterator[Any]:
    return (each for each in row._meta.concrete_fields if not each.primary_key and each.name not in LEFT)


def _belongings(row: models.Model) -> Iterator[str]:
    """Name the rows of the catalog that point at a row and are no parts themselves."""
    for each in row._meta.related_objects:
        model: Any = each.related_model
        ours = model._meta.app_label == "catalog" and not model.__name__.startswith("Historical")
        if each.one_to_many and ours and not each.hidden and model not in PARTS.values():
            yield each.get_accessor_name() or ""


def _free_key(account: Account, key: str) -> str:
    """Give a key that no commit or credit of an account has yet."""
    taken = set(Instrument.objects.filter(account=account).values_list("key", flat=True))
    tries = [key, *(f"{key[:58]}-{number}" for number in range(2, 1000))]
    return next(each for each in tries if each not in taken)
