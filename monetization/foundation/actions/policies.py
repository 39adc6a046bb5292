"""Set, draft, propose and end policies. They are governed themselves: a version needs approval under those in force.

How it begins: until a policy about policies is in force, the installation (its command line, its first data) sets
policies directly, and every version that a person proposes needs one person of Finance. From then on no version comes
into force without its approved request; the database refuses anything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import approvals, audit, rows
from monetization.foundation.models import (
    ChangeRequest,
    Environment,
    Policy,
    PolicyCondition,
    PolicyRole,
    PolicyVersion,
    User,
)
from monetization.foundation.queries import editors_of, facts_of_row, subject_of
from monetization.foundation.queries.policies import content_of, is_governed, newest_approved
from monetization.foundation.rules import conditions as rules
from monetization.foundation.rules.approvals import Item
from monetization.foundation.rules.conditions import Condition
from monetization.foundation.rules.policies import FIRST_KIND, Asked
from monetization.foundation.rules.roles import ABILITIES, DECIDE, Role
from monetization.foundation.rules.versions import VersionStatus, guard
from monetization.values.canonical import digest
from monetization.values.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState, refuse_if

DRAFT = "foundation.draft_policy"


@dataclass(frozen=True, slots=True)
class Content:
    """What a version asks; `applies` is false in the version that ends a policy."""

    asked: Sequence[Asked]
    conditions: Sequence[Condition] = ()
    deadline_hours: int | None = None
    escalate_to: Role | None = None
    applies: bool = True


@transaction.atomic
def create_policy(
    *,
    environment: Environment,
    kind: str,
    name: str,
    roles: Mapping[Role, int],
    by: User | None,
    at: datetime,
    conditions: Sequence[Condition] = (),
) -> Policy:
    """Set a policy in force at once: only the installation itself, and only before policies are governed."""
    content = Content([Asked(role, how_many) for role, how_many in roles.items()], conditions)
    refuse_if(content_errors(content))
    if by is not None:
        raise NotAllowed("A policy comes into force by approval.", fix="Draft it and submit it.")
    if is_governed(environment):
        raise WrongState("A policy about policies is in force.", fix="Propose this one as a change request.")
    version = _new_version(_named(environment, kind, name, None, at), content, None, at)
    for status in (VersionStatus.SUBMITTED, VersionStatus.APPROVED):
        version.status = status.value
        rows.keep(version, by=None, at=at)
    _record(version, "created", by=None, at=at)
    return version.policy


@transaction.atomic
def draft_policy(
    *, environment: Environment, kind: str, name: str, content: Content, by: User, at: datetime
) -> PolicyVersion:
    """Draft a new policy; it asks nobody before its approval."""
    rows.allow(by, DRAFT)
    refuse_if(content_errors(content))
    version = _new_version(_named(environment, kind, name, by, at), content, by, at)
    _record(version, "drafted", by=by, at=at)
    return version


@transaction.atomic
def draft_version(*, policy: Policy, content: Content, by: User, at: datetime) -> PolicyVersion:
    """Draft what a policy shall ask instead, or that it shall end. Raises Conflict beside another open version."""
    rows.allow(by, DRAFT)
    refuse_if(content_errors(content))
    policy = rows.lock(policy)
    version = _new_version(policy, content, by, at)
    _record(version, "drafted", by=by, at=at)
    return version


@transaction.atomic
def edit_version(*, version: PolicyVersion, content: Content, by: User, at: datetime) -> PolicyVersion:
    """Change a draft; whoever edits is a maker of it from now on."""
    rows.allow(by, DRAFT)
    version = _open(version)
    refuse_if(content_errors(content))
    before = content_of(version)
    _write(version, content, by, at)
    _record(version, "edited", by=by, at=at, before=before)
    return version


@transaction.atomic
def submit_version(*, version: PolicyVersion, reason: str, by: User, at: datetime) -> ChangeRequest:
    """Ask for decisions about a draft, under the policies about policies that are in force."""
    rows.allow(by, DRAFT)
    version = _open(version)
    refuse_if(errors(version, at))
    environment, subject, title = version.policy.environment, subject_of(version), _title(version)
    if version.request is None:
        version.request = approvals.open_request(
            environment=environment, kind=FIRST_KIND, title=title, reason=reason,
            items=[Item(subject, str(version))], effective_at=None, by=by, at=at,
        )  # fmt: skip
    else:
        approvals.guard_alone(version.request, subject)
        version.request = approvals.edit(
            request=version.request, title=title, reason=reason, effective_at=None, by=by, at=at
        )
    version.content_digest = digest(content_of(version))
    item = Item(subject, str(version), version.content_digest, facts_of_row(version), editors_of(version), FIRST_KIND)
    version.request = approvals.submit(request=version.request, items=[item], by=by, at=at)
    guard(VersionStatus(version.status), VersionStatus.SUBMITTED)
    version.status = VersionStatus.SUBMITTED.value
    rows.keep(version, by=by, at=at, reason=reason)
    _record(version, "submitted", by=by, at=at, reason=reason)
    return version.request


@transaction.atomic
def propose_end(*, policy: Policy, reason: str, by: User, at: datetime) -> ChangeRequest:
    """Ask that a policy shall ask nobody any more: a version of its own, decided like any other."""
    rows.allow(by, DRAFT)
    now = newest_approved(policy)
    if now is None or not now.applies:
        raise WrongState("This policy asks nobody now.")
    asked, conditions = [row.as_rule() for row in now.roles.all()], [row.as_rule() for row in now.conditions.all()]
    content = Content(asked, conditions, applies=False)
    version = draft_version(policy=policy, content=content, by=by, at=at)
    return submit_version(version=version, reason=reason, by=by, at=at)


@transaction.atomic
def discard_version(*, version: PolicyVersion, by: User, at: datetime) -> PolicyVersion:
    """Give up a draft that was never submitted; its request is withdrawn instead, if it has one."""
    rows.allow(by, DRAFT)
    version = _open(version)
    if version.request is not None:
        raise WrongState("This draft has a request.", fix="Withdraw the request.")
    version.status = VersionStatus.WITHDRAWN.value
    rows.keep(version, by=by, at=at)
    _record(version, "withdrawn", by=by, at=at)
    return version


def errors(version: PolicyVersion, at: datetime) -> list[DomainError]:
    """List why a version can't be approved. Raises Conflict where another was approved since it was drafted."""
    newest = newest_approved(version.policy)
    if newest is not None and newest.number > version.number:
        raise Conflict(f"{newest} was approved since this draft was started.", fix="Draft a new version.")
    content = Content([row.as_rule() for row in version.roles.all()], [c.as_rule() for c in version.conditions.all()])
    return list(content_errors(content))


def content_errors(content: Content) -> list[DomainError]:
    """List what is wrong with a content, whoever writes it."""
    found: list[DomainError] = list(rules.errors(content.conditions))
    if not content.asked:
        found.append(Invalid("A policy asks somebody", field="roles", fix="Name a role and how many people of it"))
    if len({one.role for one in content.asked}) != len(content.asked):
        found.append(Invalid("Each role once", field="roles", fix="Add up how many people of it are needed"))
    for one in content.asked:
        if DECIDE - ABILITIES[one.role]:
            found.append(Invalid(f"{one.role.label} cannot decide", field="roles", fix="Choose a role that decides"))
        if one.how_many < 1 or one.step < 1:
            found.append(Invalid("At least one person of a role", field="roles", fix="Give a number from 1"))
    return [*found, *_late_errors(content)]


def _late_errors(content: Content) -> list[DomainError]:
    found: list[DomainError] = []
    if content.deadline_hours is not None and not 1 <= content.deadline_hours <= 8760:
        found.append(Invalid("A deadline is 1 to 8,760 hours", field="deadline_hours", fix="Or leave it out"))
    if content.escalate_to is not None:
        if content.deadline_hours is None:
            found.append(Invalid("When is it late?", field="deadline_hours", fix="Give the hours that a step has"))
        if DECIDE - ABILITIES[content.escalate_to]:
            found.append(Invalid("This role cannot decide", field="escalate_to", fix="Choose a role that decides"))
    return found


def _named(environment: Environment, kind: str, name: str, by: User | None, at: datetime) -> Policy:
    policy = Policy(environment=environment, kind=kind, name=name)
    rows.check(policy)
    rows.keep(policy, by=by, at=at)
    return policy


def _new_version(policy: Policy, content: Content, by: User | None, at: datetime) -> PolicyVersion:
    last = policy.versions.order_by("-number").first()
    version = PolicyVersion(policy=policy, number=last.number + 1 if last else 1, created_by=by, created_at=at)
    _write(version, content, by, at)
    return version


def _write(version: PolicyVersion, content: Content, by: User | None, at: datetime) -> None:
    version.applies, version.deadline_hours = content.applies, content.deadline_hours
    version.escalate_to = content.escalate_to.value if content.escalate_to else ""
    version.last_edited_by, version.edited_at = by, at
    rows.check(version, leave=("request",))
    rows.keep(version, by=by, at=at)
    version.conditions.all().delete()
    version.roles.all().delete()
    for one in content.conditions:
        row = PolicyCondition(
            version=version, fact=one.fact, operator=one.operator.value, bound=one.bound, words=list(one.words)
        )
        rows.check(row)
        row.save()
    PolicyRole.objects.bulk_create(
        PolicyRole(version=version, role=one.role.value, how_many=one.how_many, step=one.step) for one in content.asked
    )


def _open(version: PolicyVersion) -> PolicyVersion:
    version = rows.lock(version)
    if not version.is_draft:
        raise WrongState(f"{version} is {version.get_status_display().lower()}.", fix="Draft a new version.")
    return version


def _title(version: PolicyVersion) -> str:
    if not version.applies:
        return f"End the policy “{version.policy.name}”"[:160]
    return f"Policy “{version.policy.name}”, version {version.number}"[:160]


def _record(
    version: PolicyVersion, verb: str, *, by: User | None, at: datetime, reason: str = "",
    before: dict[str, object] | None = None,
) -> None:  # fmt: skip
    audit.record(
        environment=version.policy.environment, action=f"policy.{verb}", subject=version, by=by, at=at,
        before=before, after=content_of(version), reason=reason,
    )  # fmt: skip
