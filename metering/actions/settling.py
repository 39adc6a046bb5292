"""Close a reservation: by the event that it was for, or by giving it back.

`settle` names the event that closes the hold. If the event is counted, the hold is taken off; if it comes later, the
amount stays held until the event is counted (see `counting`) or the hold expires, so use and hold never count twice
and never neither. The account's mark is what tells the two cases apart: whoever counts the event holds it.
"""

from datetime import datetime

from django.db import transaction

from metering.actions.counters import lock_marks
from metering.actions.holds import end
from metering.models import Hold
from metering.rules.envelope import REPEAT_DAYS
from metering.stores import postgres as store
from monetization.foundation.models import Environment
from monetization.values.errors import Conflict, Invalid, NotFound, WrongState

EVENT = (
    "e.environment_id = %(environment)s AND e.source = %(source)s AND e.event_id = %(id)s AND e.revision = 0"
    " AND e.time BETWEEN %(first)s AND %(last)s"
)


def settle(*, environment: Environment, key: str, source: str, event_id: str, at: datetime) -> Hold:
    """Name the event that a hold was for, so that both count once. Raises NotFound, WrongState, Conflict, Invalid."""
    hold = _hold(environment, key)
    if hold.event_id and (hold.event_source, hold.event_id) != (source, event_id):
        raise Conflict("This reservation was settled by another event", field="event", fix="Reserve under another key")
    if hold.status == Hold.Status.RELEASED:
        raise WrongState("This reservation was released", field="key", fix="The event counts by itself")
    if hold.status != Hold.Status.HELD:
        return hold
    if not _is_counted(hold, source, event_id, at):
        _wait_for_event(hold, source, event_id, at)
    hold.refresh_from_db()
    return hold


def release(*, environment: Environment, key: str, at: datetime) -> Hold:
    """Give back what is held and was not used. Raises NotFound, WrongState."""
    hold = _hold(environment, key)
    if hold.event_id:
        raise WrongState("This reservation was settled by an event", field="key", fix="Nothing is to be released")
    if hold.status == Hold.Status.HELD:
        end([hold.pk], Hold.Status.RELEASED, at)
        hold.refresh_from_db()
    return hold


def _hold(environment: Environment, key: str) -> Hold:
    found = Hold.objects.filter(environment=environment, key=key).first()
    if found is None:
        raise NotFound("There is no such reservation", field="key", fix="Use the key that was admitted")
    return found


def _is_counted(hold: Hold, source: str, event_id: str, at: datetime) -> bool:
    """Take the hold off if its event is stored, and so counted. Raises Invalid for somebody else's event."""
    parameters = {"environment": hold.environment_id, "source": source, "id": event_id}
    span = {"first": hold.made_at - REPEAT_DAYS, "last": hold.made_at + REPEAT_DAYS}
    found = store.find(EVENT, parameters | span)
    if not found:
        return False
    if found[0].account_id != hold.account_id:
        raise Invalid("This event is another account's", field="event", fix="Name the event that was reserved for")
    with transaction.atomic():
        mine = Hold.objects.filter(pk=hold.pk, status=Hold.Status.HELD)
        mine.update(event_source=source, event_id=event_id)
        end([hold.pk], Hold.Status.SETTLED, at)
    return True


@transaction.atomic
def _wait_for_event(hold: Hold, source: str, event_id: str, at: datetime) -> None:
    """Wait for those who count events of this account, look again, and else leave the hold to the event."""
    lock_marks([hold.account_id], at=at)
    if not _is_counted(hold, source, event_id, at):
        Hold.objects.filter(pk=hold.pk, status=Hold.Status.HELD).update(event_source=source, event_id=event_id)
