"""Plans and their versions: drafted from the newest one, written, submitted as one change request.

A plan's first version may take effect in the past; every later one starts after its last approval, and only while the
version that it was based on is still the newest. Contracts keep the version that they were made from.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.actions import governed
from catalog.actions.plan_errors import errors, facts_of
from catalog.models import Plan, PlanVersion
from catalog.queries.plans import newest_approved
from catalog.rules.plans.faults import unstorable
from catalog.rules.plans.package import Package
from catalog.rules.plans.reading import read, written
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import rows
from monetization.foundation.models import ChangeRequest, Environment, User
from monetization.values.errors import Invalid, refuse_if
from monetization.values.periods import local_midnight

DRAFT = "catalog.draft_plan"
COLUMNS = ("notes", "effective_date", "legal_entity", "rate_card", "pinned_version")
HERE = ("legal_entity", "rate_card")
__all__ = ["change", "create", "discard", "draft", "edit", "errors", "facts_of", "submit", "write"]


@transaction.atomic
def create(
    *, environment: Environment, key: str, name: str, owner: User, by: User, at: datetime, description: str = ""
) -> Plan:
    """Make a plan; what it packs is drafted as a version."""
    rows.allow(by, DRAFT)
    plan = Plan(environment=environment, key=key, name=name, owner=owner, description=description, created_at=at)
    governed.create(plan, environment=environment, by=by, at=at)
    return plan


@transaction.atomic
def draft(*, plan: Plan, by: User, at: datetime, based_on: PlanVersion | None = None) -> PlanVersion:
    """Start a version equal to another one: the newest approved, unless told otherwise (so one rolls back)."""
    rows.allow(by, DRAFT)
    plan = rows.lock(plan)
    newest = plan.versions.order_by("-number").first()
    base = based_on or newest_approved(plan)
    version = PlanVersion(plan=plan, number=newest.number + 1 if newest else 1, based_on=newest_approved(plan))
    if base is not None:
        version.legal_entity, version.rate_card = base.legal_entity, base.rate_card
        version.pinned_version, version.content = base.pinned_version, base.content
    governed.begin(version, by=by, at=at)
    rows.check(version, leave=("content",))
    rows.keep(version, by=by, at=at)
    governed.record(version, "drafted", by=by, at=at, after={"equal_to": base.number if base else None})
    return version


@transaction.atomic
def edit(*, version: PlanVersion, by: User, at: datetime, **changes: Any) -> PlanVersion:
    """Change a draft's notes, effective date, seller, rate card or pinned version."""
    version = _open(version, by)
    refuse_if(
        Invalid("This can't be changed here", field=name, fix=f"Change one of: {', '.join(COLUMNS)}")
        for name in sorted(changes.keys() - set(COLUMNS))
    )
    before = {name: _word(getattr(version, name)) for name in changes}
    for name, value in changes.items():
        setattr(version, name, value)
    if "rate_card" in changes and "pinned_version" not in changes:
        version.pinned_version = None
    _guard_place(version)
    return _touched(version, before, {name: _word(value) for name, value in changes.items()}, by, at)


@transaction.atomic
def write(*, version: PlanVersion, content: Mapping[str, Any] | Package, by: User, at: datetime) -> PlanVersion:
    """Write a draft's whole package. Raises Invalid where it can't be read or kept; the rest is told on submission."""
    version = _open(version, by)
    package = content if isinstance(content, Package) else read(content)
    refuse_if(unstorable(package))
    before, version.content = version.content, written(package)
    return _touched(version, {"content": before}, {"content": version.content}, by, at)


@transaction.atomic
def change(
    *,
    version: PlanVersion,
    content: Mapping[str, Any] | Package | None,
    columns: Mapping[str, Any],
    by: User,
    at: datetime,
) -> PlanVersion:
    """Change a draft's columns and, where ``content`` is given, its whole package: all of it or nothing."""
    if columns:
        version = edit(version=version, by=by, at=at, **columns)
    return version if content is None else write(version=version, content=content, by=by, at=at)


@transaction.atomic
def submit(*, version: PlanVersion, reason: str, by: User, at: datetime, title: str = "") -> ChangeRequest:
    """Ask for decisions about a draft; its approval will stand for each unchanged contract that is made from it."""
    version = _open(version, by)
    refuse_if(errors(version, at))
    assert version.effective_date is not None  # else it is an error
    return governed.propose(
        version, title=title or f"Plan {version}", reason=reason, facts=facts_of(version),
        effective_at=local_midnight(version.effective_date, "UTC"), by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def discard(*, version: PlanVersion, by: User, at: datetime) -> PlanVersion:
    """Give up a draft that was never submitted or was sent back."""
    version = _open(version, by)
    governed.move(version, VersionStatus.WITHDRAWN, by=by, at=at)
    return version


def _open(version: PlanVersion, by: User) -> PlanVersion:
    rows.allow(by, DRAFT)
    return governed.lock_draft(version)


def _touched(
    version: PlanVersion, before: Mapping[str, Any], after: Mapping[str, Any], by: User, at: datetime
) -> PlanVersion:
    version.last_edited_by, version.edited_at = by, at
    rows.check(version, leave=("request", "content"))
    rows.keep(version, by=by, at=at)
    governed.record(version, "edited", by=by, at=at, before=before, after=after)
    return version


def _guard_place(version: PlanVersion) -> None:
    refuse_if(
        Invalid("This belongs to another environment", field=name, fix="Choose one of this environment")
        for name in HERE
        if (row := getattr(version, name)) is not None and row.environment_id != version.plan.environment_id
    )


def _word(value: Any) -> Any:
    return getattr(value, "key", None) or getattr(value, "number", value)
