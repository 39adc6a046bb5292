"""Give a scheduled request another time: its approvals were for the old one, so it is decided again.

Until then nothing of it takes effect, neither at the old time nor at the new one.
"""

from datetime import UTC, date, datetime, time

from django.db import transaction

from catalog.actions import bundles, changes, governed
from catalog.actions.drafts import way_of
from catalog.models import MetricVersion, PlanVersion, RateCardVersion
from catalog.models.versions import Governed
from monetization.foundation.models import ChangeRequest, User
from monetization.values.errors import Invalid


@transaction.atomic
def reschedule(
    *,
    request: ChangeRequest,
    by: User,
    at: datetime,
    effective_at: datetime | None = None,
    effective_date: date | None = None,
    reason: str = "",
) -> ChangeRequest:
    """Move everything in a scheduled request to one instant, or to the midnight of a day, and ask again.

    Only its makers or a head of monetization, and only before any of it is in force.
    """
    if (effective_at is None) == (effective_date is None):
        fix = "A day starts at midnight in each account's time zone; an instant is the same for all"
        raise Invalid("Give a day or an instant, one of them", field="effective_at", fix=fix)
    for row in changes.reopen(request=request, by=by, at=at, reason=reason):
        way_of(row).allow(by, row)
        _move(row, effective_at, effective_date)
        governed.touch(row, by=by, at=at)
    request.refresh_from_db()
    return bundles.submit(request=request, by=by, at=at, reason=reason)


def _move(row: Governed, instant: datetime | None, day: date | None) -> None:
    start = instant if instant is not None else datetime.combine(day or date.max, time(), UTC)
    if isinstance(row, RateCardVersion):
        row.effective_at, row.effective_date = instant, day
    if isinstance(row, MetricVersion):
        row.effective_at = start
    if isinstance(row, PlanVersion):
        row.effective_date = day or start.date()
