"""The first event of somebody who starts: is it there, or what became of it?

Looked for are the ids that the page offered, and whatever came for its account since the page was opened; only
arrivals since then are read.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Sum

from metering.models import IngestMinute, Quarantined
from metering.queries.feed import last_number
from metering.stores import postgres as store
from metering.stores.postgres import Stored
from monetization.foundation.models import Account, AccountAlias, ApiKey, Environment

SINCE = "e.environment_id = %(environment)s AND e.account_id = %(account)s AND e.seq > %(seq)s"


@dataclass(frozen=True, slots=True)
class Watch:
    """What a page waits for, as it stood when it was opened."""

    environment: Environment
    account: Account
    ids: Collection[str]
    seq: int
    aside: int
    rejected: int
    opened_at: datetime
    key: ApiKey | None


@dataclass(frozen=True, slots=True)
class Found:
    """What came: an event, or a row of quarantine, or signs that a call was refused."""

    event: Stored | None = None
    aside: Quarantined | None = None
    key_used_at: datetime | None = None
    rejected: int = 0

    @property
    def state(self) -> str:
        """Tell two looks apart."""
        if self.event:
            return f"e{self.event.seq}"
        if self.aside:
            return f"q{self.aside.pk}.{self.aside.repeats}"
        return f"w{int(bool(self.key_used_at))}.{self.rejected}"


def watch(
    *, environment: Environment, account: Account, ids: Collection[str], key: ApiKey | None, opened_at: datetime
) -> Watch:
    """Note how things stand, so that what comes later can be told."""
    aside = Quarantined.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rejected = _rejected(environment, opened_at)
    return Watch(environment, account, ids, last_number(), aside, rejected, opened_at, key)


def look(since: Watch) -> Found:
    """Say what came since the page was opened; the offered ids first."""
    parameters = {
        "environment": since.environment.pk, "account": since.account.pk, "seq": since.seq, "ids": list(since.ids),
    }  # fmt: skip
    events = store.find(SINCE, parameters, "ORDER BY e.event_id = ANY(%(ids)s) DESC, e.seq LIMIT 1")
    if events:
        return Found(event=events[0])
    aside = _aside(since)
    if aside is not None:
        return Found(aside=aside)
    used = since.key.last_used_at if since.key else None
    return Found(
        key_used_at=used if used and used >= _minute(since.opened_at) else None,
        rejected=_rejected(since.environment, since.opened_at) - since.rejected,
    )


def _aside(since: Watch) -> Quarantined | None:
    names = {since.account.key, *AccountAlias.objects.filter(account=since.account).values_list("alias", flat=True)}
    mine = Q(event_id__in=since.ids) | Q(subject__in=names)
    if since.key:
        mine |= Q(received_with=since.key)
    rows = Quarantined.objects.filter(mine, environment=since.environment, pk__gt=since.aside, status="OPEN")
    return rows.order_by("-pk").first()


def _rejected(environment: Environment, at: datetime) -> int:
    rows = IngestMinute.objects.filter(environment=environment, minute__gte=_minute(at))
    return rows.aggregate(count=Sum("rejected"))["count"] or 0


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
