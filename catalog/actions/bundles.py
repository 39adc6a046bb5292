"""A change request that holds several drafts: added, taken out, submitted together, so decided and published together.

Its time is the first at which anything in it holds: from then on it can neither be withdrawn nor vetoed. A draft that
rests on another one in the same request (prices on a metric's meaning, a plan on prices) is checked as if that one
stood already, because it is published before it.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from catalog.actions import changes, governed
from catalog.actions.drafts import way_of
from catalog.actions.facts import facts_of
from catalog.models import RateCardVersion
from catalog.models.versions import Governed
from monetization.foundation.actions import approvals, audit, requests, rows
from monetization.foundation.models import ChangeItem, ChangeRequest, User
from monetization.foundation.queries import subject_of
from monetization.foundation.rules.approvals import SEVERAL
from monetization.foundation.rules.facts import merged
from monetization.values.errors import Conflict, DomainError, Invalid, WrongState, refuse_if

MOST_ITEMS = 50


@transaction.atomic
def add(*, request: ChangeRequest, row: Governed, by: User, at: datetime) -> ChangeItem:
    """Put a draft into a request that is a draft itself. Raises WrongState where it is in another one."""
    request = requests.lock_open(request, by)
    row = rows.lock(row)
    way_of(row).allow(by, row)
    refuse_if(_misfits(request, row))
    row.request = request
    rows.keep(row, by=by, at=at)
    item = ChangeItem(request=request, subject=subject_of(row), label=str(row)[:160], kind=governed.KINDS[type(row)])
    item.save()
    _changed(request, "added", item, by=by, at=at)
    return item


@transaction.atomic
def remove(*, request: ChangeRequest, item: ChangeItem, by: User, at: datetime) -> None:
    """Take something out of a request that is a draft; it stays a draft of its own."""
    request = requests.lock_open(request, by)
    row = rows.lock(changes.subject_row(item.subject))
    if row.is_draft and row.request_id == request.pk:
        row.request = None
        rows.keep(row, by=by, at=at)
    item.delete()
    _changed(request, "removed", item, by=by, at=at)


@transaction.atomic
def submit(*, request: ChangeRequest, by: User, at: datetime, reason: str = "") -> ChangeRequest:
    """Ask for decisions about everything in a request at once; nobody edits any of it from here on."""
    request = requests.lock_open(request, by)
    held = [rows.lock(row) for _, row in changes.rows_in(request)]
    if not held:
        raise Invalid("There is nothing in this request yet", field="items", fix="Add a draft to it")
    for row in held:
        _take_time(row, request, by, at)
    refuse_if(error for number, row in enumerate(held) for error in _errors(row, number, at))
    request = approvals.edit(
        request=request, title=request.title, reason=reason or request.reason, effective_at=_first(held), by=by, at=at
    )
    items = [governed.item_of(row, merged(facts_of(row))) for row in held]
    request = approvals.submit(request=request, items=items, by=by, at=at)
    for row in held:
        governed.freeze(row, request, by=by, at=at, reason=request.reason)
    return request


def _misfits(request: ChangeRequest, row: Governed) -> Iterable[DomainError]:
    """Say why a row can't be in a request; raises what nothing about the row can mend."""
    if not row.is_draft:
        raise WrongState(f"{row} is no draft.", fix="Draft a new one and add that.")
    if row.request_id == request.pk and request.items.filter(subject=subject_of(row)).exists():
        raise Conflict(f"{row} is in this request already.")
    if row.request is not None and row.request.items.filter(subject=subject_of(row)).exists():
        raise WrongState(f"{row} is in “{row.request.title}”.", fix="Take it out there first.")
    if governed.environment_of(row) != request.environment:
        yield Invalid(f"{row} belongs to another environment", field="subject", fix="Add one of this environment")
    if request.items.count() >= MOST_ITEMS:
        yield Invalid(f"At most {MOST_ITEMS} things in a request", field="subject", fix="Open another one")
    whole = way_of(row).whole
    for _, other in changes.rows_in(request) if whole else ():
        if type(other) is type(row) and getattr(other, whole) == getattr(row, whole):
            fix = f"Take {other} out, or change that one"
            yield Invalid(f"{other} is in this request, and each has one new version", field="subject", fix=fix)


def _take_time(row: Governed, request: ChangeRequest, by: User, at: datetime) -> None:
    """Let prices that have no time of their own hold from the request's planned time."""
    undated = isinstance(row, RateCardVersion) and row.is_draft and way_of(row).starts_at(row) is None
    if isinstance(row, RateCardVersion) and undated and request.effective_at is not None:
        row.effective_at = request.effective_at
        governed.touch(row, by=by, at=at)


def _errors(row: Governed, number: int, at: datetime) -> Iterable[DomainError]:
    """List what is wrong with one of several, each naming which."""
    field = f"items[{number}]"
    if not row.is_draft:
        message = f"{row} is {row.get_status_display().lower()}"
        yield Invalid(message, field=field, fix="Take it out of the request")
        return
    try:
        found = changes.errors(row, at)
    except Conflict as error:
        raise Conflict(f"{row}: {error.message}", field=field, fix=error.fix) from error
    for each in found:
        inside = f"{field}.{each.field}" if each.field else field
        yield Invalid(f"{row}: {each.message}", field=inside, fix=each.fix)


def _first(held: Iterable[Governed]) -> datetime | None:
    """Return the first instant at which anything in it holds; None: as soon as it is approved."""
    times = [way_of(row).starts_at(row) for row in held]
    known = [time for time in times if time is not None]
    return min(known) if len(known) == len(times) else None


def _changed(request: ChangeRequest, verb: str, item: ChangeItem, *, by: User, at: datetime) -> None:
    kinds = set(request.items.values_list("kind", flat=True))
    request.kind = kinds.pop() if len(kinds) == 1 else SEVERAL
    approvals.touch(request, by)
    rows.keep(request, by=by, at=at)
    audit.record(
        environment=request.environment, action=f"change_request.{verb}", subject=request, by=by, at=at,
        after={"subject": item.subject, "label": item.label}, reason=item.label,
    )  # fmt: skip
