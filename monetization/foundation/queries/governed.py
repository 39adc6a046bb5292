"""What can be governed: one table of the kinds of subjects, their facts and who may see them.

Apps above enter their kinds when they are loaded (`enter`), so that policies, the page that says what approval a thing
would need, and the submission itself ask one and the same place for its facts.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models

from monetization.foundation.models import Environment, User
from monetization.foundation.queries.requests import requests_for
from monetization.foundation.queries.subjects import subject_of
from monetization.foundation.rules.facts import Fact, merged
from monetization.values.errors import NotFound

Given = Mapping[str, Decimal | Collection[str]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of governed thing: what policies call it, its facts and environment, which rows somebody sees."""

    name: str
    facts: Callable[[Any], Given]
    environment: Callable[[Any], Environment]
    seen: Callable[[User, Environment], "models.QuerySet[Any]"]


REQUEST = "foundation.change_request:"
_KINDS: dict[str, Kind] = {}


def enter(noun: str, kind: Kind) -> None:
    """Enter a kind of subjects, `catalog.contract`; an app does it once, when it is loaded."""
    _KINDS[noun] = kind


def kind_of(row: models.Model) -> Kind:
    """Return what kind of governed thing a row is. Raises NotFound."""
    return _kind(subject_of(row).partition(":")[0])


def facts_of_row(row: models.Model) -> dict[str, Fact]:
    """Return what policies may ask about a row; what nobody can say is left out."""
    return merged(kind_of(row).facts(row))


def governed_row(user: User, environment: Environment, subject: str) -> Any:
    """Find the row that a text names, if this person may see it. Raises NotFound."""
    noun, _, number = subject.partition(":")
    rows = _kind(noun).seen(user, environment)
    found = rows.filter(pk=int(number)).first() if number.isdigit() and len(number) < 19 else None
    if found is None:
        raise NotFound(f"There is no {subject}.", field="subject", fix="Write it like catalog.contract:17")
    return found


def subject_in(user: User, environment: Environment, subject: str) -> Any:
    """Find the change request or the governed row that a text names, if this person may see it. Raises NotFound."""
    if not subject.startswith(REQUEST):
        return governed_row(user, environment, subject)
    number = subject.removeprefix(REQUEST)
    seen = requests_for(user, environment)
    found = seen.filter(pk=int(number)).first() if number.isdigit() and len(number) < 19 else None
    if found is None:
        raise NotFound(f"There is no {subject}.", field="subject")
    return found


def drafts_in(user: User, environment: Environment, most: int = 100) -> list[Any]:
    """List the drafts that this person sees and that no request holds yet, newest first within their kind."""
    found: list[Any] = []
    for kind in _KINDS.values():
        loose = kind.seen(user, environment).filter(status="DRAFT", request=None)
        found += loose.order_by("-pk")[: most - len(found)] if len(found) < most else ()
    return found


def _kind(noun: str) -> Kind:
    if noun not in _KINDS:
        fix = f"Use one of: {', '.join(sorted(_KINDS))}"
        raise NotFound(f"“{noun}” is not a kind of governed thing", field="subject", fix=fix)
    return _KINDS[noun]
