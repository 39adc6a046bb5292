"""The months of events: how each stands, which are due to be sealed, and what metering itself still needs of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from metering.models import Backfill, EventPartition, Quarantined
from metering.stores import months as store
from monetization.values.errors import WrongState
from monetization.values.periods import Period, local_midnight

SEAL_AFTER = timedelta(days=3)
Status = EventPartition.Status
AT_WORK = (Backfill.Status.WAITING, Backfill.Status.RUNNING, Backfill.Status.PAUSED)
FINAL = (Quarantined.Reason.CONFLICT, Quarantined.Reason.TOO_LATE)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of events. `events` is counted when sealed, else the planner's guess; sizes are in bytes."""

    month: date
    status: str
    events: int
    is_counted: bool
    size_bytes: int
    index_bytes: int
    sealed_at: datetime | None
    dropped_at: datetime | None

    @property
    def label(self) -> str:
        return Status(self.status).label

    @property
    def was_sealed_late(self) -> bool:
        """Say whether it took more than a day after it was due."""
        return self.sealed_at is not None and self.sealed_at > _end(self.month) + SEAL_AFTER + timedelta(days=1)


def months() -> list[Month]:
    """List all months, latest first, in two queries."""
    sizes = store.sizes()
    return [_month(row, sizes.get(row.month, (0, 0, 0))) for row in EventPartition.objects.all()]


def span(month: date) -> Period:
    """Give the stretch of time whose events a month holds."""
    return Period(local_midnight(month, "UTC"), local_midnight(following(month), "UTC"))


def following(month: date) -> date:
    """Give the first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def to_seal(at: datetime) -> list[date]:
    """List the open months that ended days ago, earliest first."""
    months = EventPartition.objects.filter(status=Status.OPEN).order_by("month").values_list("month", flat=True)
    return [month for month in months if _end(month) + SEAL_AFTER <= at]


def sealed() -> list[date]:
    """List the sealed months, earliest first."""
    rows = EventPartition.objects.filter(status=Status.SEALED)
    return list(rows.order_by("month").values_list("month", flat=True))


def gone(period: Period) -> list[EventPartition]:
    """List the dropped months that a period touches: of their events only sums, digests and keys are left."""
    rows = EventPartition.objects.filter(status=Status.DROPPED).order_by("month")
    return [row for row in rows if span(row.month).overlap(period)]


def refuse_dropped(period: Period) -> None:
    """Raise WrongState where the events of a period are no longer there."""
    if months := gone(period):
        row = months[0]
        when = f" on {row.dropped_at:%d %B %Y}" if row.dropped_at else ""
        raise WrongState(
            f"The events of {row.month:%B %Y} were dropped{when}, as the retention policy says",
            fix="Their hourly sums, and the evidence of what was invoiced, are kept",
        )


def needed(month: date) -> list[str]:
    """Say why metering itself needs the events of a month; nothing where it doesn't."""
    return list(_needed(month))


def _needed(month: date) -> Iterator[str]:
    row = EventPartition.objects.filter(month=month).first()
    if row is None or row.status == Status.DROPPED:
        yield f"There are no events of {month:%B %Y} to drop"
        return
    if row.status == Status.OPEN:
        yield "The month is not sealed"
    period = span(month)
    touching = Backfill.objects.filter(Q(ends_at=None) | Q(ends_at__gt=period.starts_at), starts_at__lt=period.ends_at)
    for backfill in touching.filter(status__in=AT_WORK).select_related("metric_version__metric").order_by("pk"):
        yield f"The backfill of {backfill} is {backfill.get_status_display().lower()}"
    if waiting := _quarantined(month):
        yield f"In quarantine are events of the month that may be replayed ({waiting}): replay or dismiss them"


def _quarantined(month: date) -> int:
    """Count the open rows whose time was written in this month; conflicts and what is too late can't be replayed."""
    rows = Quarantined.objects.filter(status=Quarantined.Status.OPEN, body__time__startswith=f"{month:%Y-%m}")
    return rows.exclude(reason__in=FINAL).count()


def _month(row: EventPartition, sizes: tuple[int, int, int]) -> Month:
    total, indexes, guess = sizes
    events = guess if row.events is None else row.events
    counted = row.events is not None
    return Month(row.month, row.status, events, counted, total, indexes, row.sealed_at, row.dropped_at)


def _end(month: date) -> datetime:
    return local_midnight(following(month), "UTC")
