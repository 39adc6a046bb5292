"""Name who decides while one is away, and take it back. Nobody else does it for a person.

A delegate acts in the name of the person, in the roles that the person holds at that time, and never about what
either of them made.
"""

from datetime import datetime

from django.db import transaction

from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Delegation, User
from monetization.foundation.queries import roles_of
from monetization.foundation.rules.roles import ABILITIES, DECIDE
from monetization.values.errors import Invalid, NotAllowed, WrongState, refuse_if


@transaction.atomic
def delegate(
    *, person: User, delegate: User, starts_at: datetime, ends_at: datetime, by: User, at: datetime, reason: str = ""
) -> Delegation:
    """Let somebody decide in one's name from `starts_at` until `ends_at`. Raises Invalid beside another one."""
    if by.pk != person.pk:
        raise NotAllowed("Everybody names their own delegate.", fix="Ask them to do it.")
    refuse_if(_errors(person, delegate, starts_at, ends_at, at))
    made = Delegation(
        person=person, delegate=delegate, starts_at=max(starts_at, at), ends_at=ends_at, reason=reason, created_at=at
    )
    rows.check(made)
    rows.keep(made, by=by, at=at)
    after = {"delegate": delegate.email, "starts_at": made.starts_at, "ends_at": ends_at}
    audit.record(environment=None, action="delegation.made", subject=person, by=by, at=at, after=after, reason=reason)
    return made


@transaction.atomic
def take_back(*, delegation: Delegation, by: User, at: datetime) -> Delegation:
    """End a delegation now; what was decided under it stays. The person or the delegate may."""
    delegation = rows.lock(delegation)
    if by.pk not in (delegation.person_id, delegation.delegate_id):
        raise NotAllowed("Only the two of them end a delegation.", fix="Ask one of them.")
    if delegation.ends_at <= at:
        raise WrongState("This delegation is over.")
    delegation.ends_at = max(at, delegation.starts_at)
    rows.keep(delegation, by=by, at=at)
    after = {"delegate": delegation.delegate.email, "ends_at": delegation.ends_at}
    audit.record(environment=None, action="delegation.ended", subject=delegation.person, by=by, at=at, after=after)
    return delegation


def _errors(person: User, delegate: User, starts_at: datetime, ends_at: datetime, at: datetime) -> list[Invalid]:
    found = []
    if delegate.pk == person.pk:
        found.append(Invalid("Nobody stands in for himself", field="delegate", fix="Choose a colleague"))
    if not (delegate.is_active and delegate.is_staff):
        found.append(Invalid("Only staff decide", field="delegate", fix="Choose somebody who works here"))
    if not any(ABILITIES[role] >= DECIDE for role in roles_of(person)):
        found.append(Invalid("You hold no role that decides", field="delegate", fix="There is nothing to hand over"))
    if ends_at <= max(starts_at, at):
        found.append(Invalid("It would be over before it begins", field="ends_at", fix="Choose a later day"))
    return found
