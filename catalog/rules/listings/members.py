"""The members that a catalog file may have, by section; what isn't named here is refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Members(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Members of something."""


class Thing(Members, frozen=True):
    """What every thing has."""

    name: str
    description: str = ""


class ProductMembers(Thing, frozen=True):
    """A product."""

    tags: list[str] = []
    tax_category: str = "standard"


class PlanMembers(Thing, frozen=True):
    """A plan; its package is read by the types of docs/plans.md."""

    effective_date: date | None = None
    legal_entity: str | None = None
    rate_card: str | None = None
    pinned_version: int | None = None
    notes: str = ""
    package: dict[str, Any] | None = None
