"""How ingestion does: what arrived by minute or hour, what waits, what is set aside, when the last event came.

Seven queries, whatever the traffic: minutes are read by their key (environment, minute), the backlog by the index of
what waits, quarantine by that of what is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q, Sum

from metering.models import Inbox, IngestMinute, Quarantined
from metering.rules.health import RECENT, Backlog, Finding, Stretch, findings, total, typical_lag
from monetization.values.money import round_half_away

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOMENT = timedelta(minutes=5)
STRETCHES = """
SELECT date_bin(%(step)s, minute, 'epoch'), sum(batches), sum(accepted), sum(duplicates), sum(conflicts),
       sum(quarantined), sum(rejected), sum(late), sum(lag_ms_sum), max(lag_ms_max)
FROM metering_ingestminute
WHERE minute >= %(from)s AND minute < %(to)s AND environment_id = ANY(%(environments)s)
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The figures of now. `rate` is events accepted per second in the last whole minute."""

    at: datetime
    rate: Decimal
    typical_lag_ms: int | None
    hour: Stretch
    backlog: Backlog
    open: Sequence[tuple[str, int]]
    last_at: datetime | None
    findings: Sequence[Finding]

    @property
    def open_total(self) -> int:
        return sum(count for _, count in self.open)


def health(*, environments: Sequence[int], now: datetime) -> Health:
    """Say how ingestion does in some environments."""
    minutes = stretches(environments=environments, until=now, step=MINUTE, count=60)
    recent = [each for each in minutes if each.at > now - RECENT]
    backlog, last_at = backlog_of(environments, now), last_accepted(environments, minutes)
    return Health(
        at=now,
        rate=per_second(minutes[-2].accepted, MINUTE),
        typical_lag_ms=typical_lag(minutes),
        hour=total(minutes, minutes[0].at),
        backlog=backlog,
        open=open_by_reason(environments),
        last_at=last_at,
        findings=findings(total(recent, now), backlog, last_at, now),
    )


def stretches(*, environments: Sequence[int], until: datetime, step: timedelta, count: int) -> list[Stretch]:
    """List the last `count` minutes or hours, the running one last; those in which nothing came are all zero."""
    last = (
        until.replace(second=0, microsecond=0) if step == MINUTE else until.replace(minute=0, second=0, microsecond=0)
    )
    starts = [last - step * n for n in reversed(range(count))]
    asked: dict[str, Any] = {"step": step, "from": starts[0], "to": last + step, "environments": list(environments)}
    with connection.cursor() as cursor:
        cursor.execute(STRETCHES, asked)
        found = {at: Stretch(at, *map(int, numbers)) for at, *numbers in cursor.fetchall()}
    return [found.get(at) or Stretch(at) for at in starts]


def backlog_of(environments: Sequence[int], now: datetime) -> Backlog:
    """Count what waits in the inbox, and how it moved in the last minutes."""
    rows = Inbox.objects.filter(environment__in=environments)
    waiting = rows.filter(status=Inbox.Status.WAITING)
    told = waiting.aggregate(bodies=Count("pk"), size=Sum("size"), oldest_at=Min("received_at"))
    folded = rows.filter(status=Inbox.Status.FOLDED, folded_at__gte=now - MOMENT)
    done = folded.aggregate(all=Count("pk"), new=Count("pk", filter=Q(received_at__gte=now - MOMENT)))
    came = waiting.filter(received_at__gte=now - MOMENT).count()
    return Backlog(told["bodies"], told["size"] or 0, told["oldest_at"], came + done["new"], done["all"])


def open_by_reason(environments: Sequence[int]) -> list[tuple[str, int]]:
    """Count the open rows of quarantine by reason, the most frequent first."""
    rows = Quarantined.objects.filter(environment__in=environments, status=Quarantined.Status.OPEN)
    return list(rows.values_list("reason").annotate(count=Count("pk")).order_by("-count", "reason"))


def last_accepted(environments: Sequence[int], minutes: Sequence[Stretch]) -> datetime | None:
    """Give the last minute in which an event was accepted, from the last hour's where there is one."""
    near = next((each.at for each in reversed(minutes) if each.accepted), None)
    if near is not None:
        return near
    rows = IngestMinute.objects.filter(environment__in=environments, accepted__gt=0)
    return rows.order_by("-minute").values_list("minute", flat=True).first()


def per_second(count: int, span: timedelta) -> Decimal:
    """Write a rate with one decimal."""
    return round_half_away(Fraction(count, span // timedelta(seconds=1)), 1)
