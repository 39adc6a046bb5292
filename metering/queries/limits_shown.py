"""Limits as pages show them: how each stands now, its windows, and what a limit would find if it were set."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, F, QuerySet

from metering.models import Breach, Counter, Hold, Limit, LimitAlert, UsageMark
from metering.queries.limits import versions_of
from metering.queries.windows import calendars_for, spent_in
from metering.rules.quotas import state_of, widths
from monetization.foundation.models import Account
from monetization.values.money import EXACT
from monetization.values.periods import Period

ZERO = Decimal(0)
STATES = {"OVER": "Overrun", "FULL": "Used up", "NEAR": "Near", "ROOM": "Room", "ENDED": "Ended"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A limit with the counter that is fullest now (None: nothing was used); `accounts` have one."""

    limit: Limit
    counter: Counter | None
    accounts: int
    unit: str

    @property
    def spent(self) -> Decimal:
        return self.counter.spent if self.counter else ZERO

    @property
    def held(self) -> Decimal:
        return self.counter.held if self.counter else ZERO

    @property
    def most(self) -> Decimal:
        """What may be spent in all."""
        return self.counter.allowed(self.limit) if self.counter else self.limit.most

    @property
    def is_unknown(self) -> bool:
        """Whether billing has not said yet what there is of a balance."""
        return self.counter is None and self.limit.kind == Limit.Kind.BALANCE

    @property
    def left(self) -> Decimal:
        return EXACT.subtract(EXACT.subtract(self.most, self.spent), self.held)

    @property
    def state(self) -> str:
        if self.limit.ended_at is not None:
            return "ENDED"
        if self.is_unknown:
            return "ROOM"
        return state_of(self.spent, self.held, self.most, self.limit.thresholds)

    @property
    def words(self) -> str:
        return STATES[self.state]

    @property
    def bar(self) -> tuple[int, int]:
        """Lengths of spent and held, of 1,000."""
        return widths(self.spent, self.held, self.most)

    @property
    def percent(self) -> int | None:
        """How much of the limit is spent, rounded down."""
        return int(self.spent * 100 / self.most) if self.most else None


def shown(limits: Sequence[Limit], *, account_ids: Collection[int] | None, at: datetime) -> list[Shown]:
    """Show limits as they stand in the windows of now, counting only some accounts (None: all), in three queries."""
    running = Counter.objects.filter(limit__in=limits, starts_at__lte=at, ends_at__gt=at)
    if account_ids is not None:
        running = running.filter(account__in=account_ids)
    ranked = running.order_by("limit_id", (F("spent") + F("held")).desc(), "pk").distinct("limit_id")
    fullest = {each.limit_id: each for each in ranked.select_related("account")}
    counts = dict(running.order_by().values_list("limit").annotate(Count("account", distinct=True)))
    units = {each.metric_id: unit_of(each) for each in {each.metric_id: each for each in limits}.values()}
    return [
        Shown(each, fullest.get(each.pk), counts.get(each.pk, 0), each.currency or units[each.metric_id])
        for each in limits
    ]


def unit_of(limit: Limit) -> str:
    """Say in what a limit is counted."""
    if limit.metric is None:
        return limit.currency
    newest = max(versions_of(limit.metric).values(), key=lambda each: each.number, default=None)
    return newest.unit if newest else ""


def counters_of(limit: Limit, account_ids: Collection[int] | None) -> QuerySet[Counter]:
    """List a limit's counters, the newest windows first."""
    found = Counter.objects.filter(limit=limit).select_related("account")
    return found if account_ids is None else found.filter(account__in=account_ids)


def breaches_of(counters: QuerySet[Counter]) -> QuerySet[Breach]:
    """List the breaches of some counters, newest first."""
    return Breach.objects.filter(counter__in=counters.order_by().values("pk")).select_related("counter__account")


def alerts_of(counters: QuerySet[Counter]) -> QuerySet[LimitAlert]:
    """List the alerts of some counters, newest first."""
    return LimitAlert.objects.filter(counter__in=counters.order_by().values("pk")).select_related("counter__account")


def holds_of(limit: Limit, account_ids: Collection[int], at: datetime) -> QuerySet[Hold]:
    """List what some accounts hold of a limit's metric now, what ends first on top."""
    found = Hold.objects.filter(status=Hold.Status.HELD, expires_at__gt=at, account__in=account_ids)
    return found.filter(metric=limit.metric).select_related("account").order_by("expires_at")


@dataclass(frozen=True, slots=True)
class Found:
    """What an account used in the window in which a limit would begin."""

    account: Account
    window: Period
    spent: Decimal


def preview(limit: Limit, accounts: Sequence[Account], *, at: datetime) -> list[Found]:
    """Measure what a limit that is not set yet would find, the most used first; accounts without use are left out."""
    used = set(UsageMark.objects.filter(pk__in=[each.pk for each in accounts]).values_list("pk", flat=True))
    calendars, groups = calendars_for([limit], used), dict[Period, set[int]]()
    for pk in used:
        groups.setdefault(calendars.window(limit, pk, at), set()).add(pk)
    known = {each.pk: each for each in accounts}
    found = [
        Found(known[pk], window, spent)
        for window, members in groups.items()
        for pk, spent in spent_in(limit=limit, account_ids=members, window=window).items()
    ]
    return sorted(found, key=lambda each: (-each.spent, each.account.name))
