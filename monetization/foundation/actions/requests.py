"""Open a change request before anything is in it, and edit its words: title, why, research, owner, planned time.

Whoever may draft something may open one, and edit any that is a draft; whoever does is a maker of it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from monetization.foundation.actions import approvals, rows
from monetization.foundation.models import ChangeRequest, Environment, User
from monetization.foundation.rules.approvals import SEVERAL, RequestStatus
from monetization.foundation.rules.roles import OPENS
from monetization.values.errors import DomainError, Invalid, NotAllowed, WrongState, refuse_if

MOST_LINKS = 20


@transaction.atomic
def open_request(
    *,
    environment: Environment,
    title: str,
    by: User,
    at: datetime,
    reason: str = "",
    notes: str = "",
    links: Sequence[str] = (),
    owner: User | None = None,
    effective_at: datetime | None = None,
) -> ChangeRequest:
    """Open a request that holds nothing yet; drafts are added to it one by one."""
    allow_opening(by)
    refuse_if(_errors(title, links, owner))
    return approvals.open_request(
        environment=environment, kind=SEVERAL, title=title, reason=reason, items=[], effective_at=effective_at,
        notes=notes, links=links, owner=owner, by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def edit(*, request: ChangeRequest, by: User, at: datetime, **words: Any) -> ChangeRequest:
    """Change some of a draft's words or its planned time; what isn't named stays."""
    request = lock_open(request, by)
    names = ("title", "reason", "effective_at", "notes", "links", "owner")
    said = {name: getattr(request, name) for name in names} | words
    refuse_if(_errors(said["title"], said["links"], said["owner"]))
    return approvals.edit(request=request, by=by, at=at, **said)


def may_open(user: User) -> bool:
    """Tell whether somebody may open requests and edit those that are drafts."""
    return any(user.has_perm(ability) for ability in OPENS)


def allow_opening(by: User) -> None:
    """Refuse whoever drafts nothing. Raises NotAllowed."""
    if not may_open(by):
        raise NotAllowed("You draft nothing that could be requested.", fix="Ask for a role that drafts.")


def lock_open(request: ChangeRequest, by: User) -> ChangeRequest:
    """Return a request locked whose items may still change. Raises NotAllowed, WrongState."""
    allow_opening(by)
    request = rows.lock(request)
    if request.status != RequestStatus.DRAFT.value:
        raise WrongState(
            f"“{request.title}” is {request.get_status_display().lower()}, so it holds what it holds.",
            fix="Send it back first." if request.status == RequestStatus.SUBMITTED.value else "Open a new request.",
        )
    return request


def _errors(title: str, links: Sequence[str], owner: User | None) -> Iterable[DomainError]:
    if not title.strip():
        yield Invalid("A request needs a title", field="title", fix="Say in a few words what changes")
    if len(links) > MOST_LINKS:
        yield Invalid(f"At most {MOST_LINKS} links", field="links", fix="Put the others into the notes")
    for number, link in enumerate(links):
        if not link.startswith(("https://", "http://")):
            yield Invalid(f"“{link}” is not a link", field=f"links[{number}]", fix="Begin it with https://")
    if owner is not None and not (owner.is_staff and owner.is_active):
        yield Invalid("The owner works here", field="owner", fix="Name one of your colleagues")
