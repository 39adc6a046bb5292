"""Parts of a plan version's draft: put one in, or in the place of another, and take one away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.actions import plans
from catalog.models import PlanVersion
from catalog.queries.plans import package_of
from catalog.rules.plans.faults import faults
from catalog.rules.plans.package import KINDS
from catalog.rules.plans.reading import read, written
from monetization.foundation.models import User
from monetization.values.errors import DomainError, Invalid, NotFound, refuse_if


@transaction.atomic
def put_part(
    *, version: PlanVersion, kind: str, said: Mapping[str, Any], by: User, at: datetime, instead_of: str = ""
) -> PlanVersion:
    """Add a part, or write it in the place of the one with that key. Raises Invalid, naming the part's own member."""
    document, rows = _rows(version, kind)
    place = _place(rows, instead_of) if instead_of else len(rows)
    rows[place : place + 1] = [dict(said)]
    path = f"{kind}[{place}]."
    try:
        package = read(document)
    except Invalid as error:
        raise _own(error, path) from error
    refuse_if(_own(each, path) for each in faults(package) if (each.field or "").startswith(path))
    return plans.write(version=version, content=package, by=by, at=at)


@transaction.atomic
def remove_part(*, version: PlanVersion, kind: str, key: str, by: User, at: datetime) -> PlanVersion:
    """Take a part away."""
    document, rows = _rows(version, kind)
    del rows[_place(rows, key)]
    return plans.write(version=version, content=document, by=by, at=at)


def _rows(version: PlanVersion, kind: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if kind not in KINDS:
        raise NotFound("A plan has no such parts", field="kind")
    document = written(package_of(version))
    rows: list[dict[str, Any]] = document[kind]
    return document, rows


def _place(rows: list[dict[str, Any]], key: str) -> int:
    found = next((number for number, row in enumerate(rows) if row["key"] == key), None)
    if found is None:
        raise NotFound("The plan has no such part", field="key")
    return found


def _own(error: DomainError, path: str) -> Invalid:
    return Invalid(error.message, field=(error.field or "").removeprefix(path), fix=error.fix)
