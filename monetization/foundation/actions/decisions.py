"""Say yes, no or the last word about a content: who may, as what, and that nobody is counted twice.

Maker is never checker: guarded here for a clear sentence and by a constraint of the database for everything else.
The caller has locked what is decided about, so two deciders never see the same gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from monetization.foundation.actions import audit
from monetization.foundation.models import Decision, Environment, User
from monetization.foundation.queries.requests import approvals, decisions_on, needs
from monetization.foundation.queries.standing_in import hats_of, ties
from monetization.foundation.rules import deciding
from monetization.foundation.rules.approvals import Requirement, Verdict
from monetization.foundation.rules.deciding import Acting, Instead, Missing
from monetization.foundation.rules.makers import guard_maker
from monetization.foundation.rules.roles import Role
from monetization.values.errors import Conflict, Invalid, WrongState

EVERYBODY: Missing = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """What is decided about: a content by its digest, whom policies ask, who made it and since when that counts."""

    environment: Environment
    kind: str
    subject: str
    digest: bytes
    needed: tuple[Requirement, ...]
    makers: frozenset[int]
    since: datetime
    instead: Instead = field(default_factory=dict)


@transaction.atomic
def decide_subject(
    *,
    environment: Environment,
    kind: str,
    subject: str,
    digest: bytes,
    facts: Mapping[str, Decimal],
    makers: Iterable[int],
    verdict: Verdict,
    by: User,
    at: datetime,
    reason: str = "",
) -> Missing:
    """Decide about anything that its owner has locked; returns (role, how many are missing), empty = approved."""
    needed = needs(environment, kind, dict(facts))
    matter = Matter(environment, kind, subject, digest, needed, frozenset(makers), at)
    return say(matter=matter, verdict=verdict, seen=digest, by=by, at=at, reason=reason)


@transaction.atomic
def say(*, matter: Matter, verdict: Verdict, seen: bytes, by: User, at: datetime, reason: str) -> Missing:
    """Write a decision down and return who is missing after it; nobody after a green light.

    Raises NotAllowed for makers, people related to them and roles not asked, Conflict for another content.
    """
    guard_maker(decider=by.pk, makers=matter.makers, ties=ties([by.pk], matter.since, at))
    _guard_say(matter, by, at)
    if bytes(seen) != matter.digest:
        raise Conflict("This was changed since you looked at it.", fix="Look at it again, then decide.")
    guard_policy(matter.needed, matter.kind)
    said = list(decisions_on(matter.subject, matter.digest))
    if any(by.pk in (one.by_id, one.in_name_of_id) for one in said):
        raise Conflict("You have decided about this already.", fix="The others decide now.")
    if verdict is not Verdict.APPROVE and not reason.strip():
        fix = "Say why it can't wait" if verdict is Verdict.GREEN_LIGHT else "Say what would have to change"
        raise Invalid(f"A {'green light' if verdict.is_yes else 'no'} needs its reason", field="reason", fix=fix)
    acting = _acting(matter, verdict, said, by, at)
    _keep(matter, acting, verdict, by, at, reason)
    if verdict is Verdict.GREEN_LIGHT:
        return EVERYBODY
    given = approvals(said)
    return deciding.outstanding(matter.needed, [*given, acting.fills] if verdict is Verdict.APPROVE else given)


def _guard_say(matter: Matter, by: User, at: datetime) -> None:
    """Refuse whoever has no say in this at any step, before anything of its content is told."""
    asked = {one.role for one in matter.needed}
    instead = {role for fills in asked for role in matter.instead.get(fills, ())}
    if asked and not {hat.role for hat in hats_of(by, at)} & {*asked, *instead, Role.HEAD}:
        raise deciding.refuse_turn(asked)


def guard_policy(needed: tuple[Requirement, ...], kind: str) -> None:
    """Refuse what no policy asks anybody about. Raises WrongState."""
    if not needed:
        raise WrongState(
            f"No policy says who approves this ({kind.replace('_', ' ')}), so nobody can.",
            fix="Ask the head of monetization for a policy.",
        )


def _acting(matter: Matter, verdict: Verdict, said: list[Decision], by: User, at: datetime) -> Acting:
    hats = [hat for hat in hats_of(by, at) if hat.in_name_of not in matter.makers]
    if verdict.is_last:
        found, asked = deciding.as_head(hats), [Role.HEAD]
    elif verdict is Verdict.REJECT:
        found, asked = deciding.saying_no(matter.needed, hats, matter.instead), [one.role for one in matter.needed]
    else:
        turn = deciding.in_turn(matter.needed, approvals(said))
        taken = {pk for one in said for pk in (one.by_id, one.in_name_of_id) if pk is not None}
        found, asked = deciding.acting_as(turn, hats, matter.instead, taken), [role for role, _ in turn]
    if found is None:
        raise deciding.refuse_turn(asked)
    return found


def _keep(matter: Matter, acting: Acting, verdict: Verdict, by: User, at: datetime, reason: str) -> None:
    held = acting.role.value if acting.role is not acting.fills else ""
    Decision.objects.create(
        environment=matter.environment, subject=matter.subject, digest=matter.digest, by=by, verdict=verdict.value,
        maker_ids=sorted(matter.makers), role=acting.fills.value, held_role=held, in_name_of_id=acting.in_name_of,
        reason=reason, at=at,
    )  # fmt: skip
    after = {"verdict": verdict, "role": acting.fills, "digest": matter.digest}
    if held:
        after["held_role"] = acting.role
    if acting.in_name_of is not None:
        after["in_name_of"] = str(User.objects.get(pk=acting.in_name_of))
    audit.record(
        environment=matter.environment, action="decision.made", subject=matter.subject, by=by, at=at, after=after,
        reason=reason,
    )  # fmt: skip
