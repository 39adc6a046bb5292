"""Check and reserve: a quota that any number of callers can't pass.

A reservation is one statement (`metering_reserve`): it locks the counters of all limits concerned in one order, holds
the amount in each or in none, and is committed before anybody else waits for a client. Whoever repeats a key gets the
first answer again. What was refused holds nothing and is not remembered: it may be asked again under the same key.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import OperationalError, connection

from metering.actions.counters import open_counters
from metering.models import Breach, Hold, Limit
from metering.queries.limits import metric_id_of, standings, without_expired
from metering.rules.quotas import Standing, hold_seconds, nearest
from monetization.foundation.models import Environment
from monetization.values.canonical import canonical
from monetization.values.errors import Conflict, Invalid

log = logging.getLogger(__name__)
KEPT_DAYS = timedelta(days=35)
BATCH = 1_000
FULL, UNASKED = "limit_reached", "limit_unavailable"
RESERVE = "SELECT * FROM metering_reserve(%s, %s, %s, %s, %s::jsonb, %s, %s, %s, %s::bigint[], %s::bigint[], %s, %s)"
END = "SELECT metering_end_holds(%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody wants to use: an amount in priced units of a metric (its id where it is known), for an account.

    ``spend``: what the caller expects it to cost, in a currency; limits of money hold it.
    """

    account_id: int
    metric: str
    amount: Decimal
    dimensions: Mapping[str, str]
    metric_id: int | None = None
    spend: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a use is admitted, and how the limits stand; `degraded` where they could not be asked."""

    admitted: bool
    limits: Sequence[Standing] = ()
    hold: Hold | None = None
    reason: str = ""
    degraded: bool = False

    @property
    def nearest(self) -> Standing | None:
        return nearest(self.limits)


def check(*, environment: Environment, use: Use, at: datetime) -> Answer:
    """Say whether a use would be admitted now and what is left; holds nothing."""
    metric_id = use.metric_id or metric_id_of(environment.pk, use.metric)
    found = _standings(environment, use, metric_id, at)
    try:
        found = without_expired(_opened(environment, use, metric_id, found, at), account_id=use.account_id, at=at)
    except OperationalError as error:
        return _unasked(found, error)
    if _is_closed(found, at):
        return Answer(False, found, reason=UNASKED, degraded=True)
    full = [each for each in found if each.is_hard and not each.has_room(use.amount, use.spend, use.currency)]
    return Answer(not full, found, reason=FULL if full else "")


def reserve(*, environment: Environment, key: str, use: Use, seconds: int | None, at: datetime) -> Answer:
    """Hold an amount of every limit that the use may count towards, or of none.

    Raises NotFound (metric), Invalid (amount, seconds), Conflict (the key was used for something else).
    """
    if use.amount <= 0:
        raise Invalid("There is nothing to reserve", field="amount", fix="Send an amount above zero")
    metric_id = use.metric_id or metric_id_of(environment.pk, use.metric)
    found = _standings(environment, use, metric_id, at)
    expires_at = at + timedelta(seconds=hold_seconds(seconds, found))
    try:
        found = _opened(environment, use, metric_id, found, at)
        if _is_closed(found, at):
            return Answer(False, found, reason=UNASKED, degraded=True)
        order = _Order(environment.pk, key, use, metric_id, at, expires_at)
        outcome, rows = _attempt(order, found)
        if outcome == "REFUSED" and expire_holds(at=at, account_id=use.account_id):
            outcome, rows = _attempt(order, found)
    except OperationalError as error:
        return _unasked(found, error)
    found = [_as_it_stands(each, rows) for each in found]
    if outcome == "REFUSED":
        _write_refusal(order, rows, {each.counter_id for each in found if each.is_gate})
        return Answer(False, found, reason=FULL)
    return Answer(True, found, _known(order) if outcome == "KNOWN" else _made(order, found))


def expire_holds(*, at: datetime, account_id: int | None = None) -> int:
    """Take off holds whose time is over, of one account or of all; returns how many. Safe to run twice."""
    due = Hold.objects.filter(status=Hold.Status.HELD, expires_at__lte=at)
    if account_id is not None:
        due = due.filter(account=account_id)
    ended = 0
    while ids := list(due.order_by("expires_at").values_list("pk", flat=True)[:BATCH]):
        ended += end(ids, Hold.Status.EXPIRED, at)
    return ended


def forget_holds(*, at: datetime, most: int = 20_000) -> int:
    """Drop holds that ended more than 35 days ago; returns how many."""
    old = Hold.objects.exclude(status=Hold.Status.HELD).filter(
        ended_at__lte=at - KEPT_DAYS, made_at__lte=at - KEPT_DAYS
    )
    dropped, _ = Hold.objects.filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:most])).delete()
    return dropped


@dataclass(frozen=True, slots=True)
class _Order:
    """A reservation as the database takes it."""

    environment_id: int
    key: str
    use: Use
    metric_id: int
    at: datetime
    expires_at: datetime


Rows = dict[int, tuple[Decimal, Decimal]]  # counter → spent, held


def _attempt(order: _Order, found: Sequence[Standing]) -> tuple[str, Rows]:
    use = order.use
    holding = [each.counter_id for each in found if not each.is_gate]
    gates = [each.counter_id for each in found if each.is_gate]
    with connection.cursor() as cursor:
        cursor.execute(
            RESERVE,
            [
                order.environment_id, order.key, use.account_id, order.metric_id, canonical(dict(use.dimensions)),
                use.amount, use.spend, use.currency, holding, gates, order.at, order.expires_at,
            ],
        )  # fmt: skip
        rows = cursor.fetchall()
    return rows[0][0], {counter: (spent, held) for _, counter, spent, held in rows}


def _standings(environment: Environment, use: Use, metric_id: int, at: datetime) -> list[Standing]:
    return standings(
        environment_id=environment.pk, account_id=use.account_id, metric_id=metric_id, dims=use.dimensions, at=at
    )


def _opened(
    environment: Environment, use: Use, metric_id: int, found: list[Standing], at: datetime
) -> list[Standing]:  # fmt: skip
    """Open the counters of windows that nobody has asked for yet."""
    missing = [each.limit_id for each in found if each.counter_id is None]
    if not missing:
        return found
    limits = Limit.objects.select_related("metric").filter(pk__in=missing)
    open_counters(wanted=[(limit, use.account_id, [at]) for limit in limits], at=at)
    return [each for each in _standings(environment, use, metric_id, at) if each.counter_id is not None]


def _is_closed(found: Sequence[Standing], at: datetime) -> bool:
    """Say whether billing has long not followed the use of a limit of money that closes then."""
    return any(each.is_lost(at) and each.is_hard and not each.fails_open for each in found)


def _unasked(found: Sequence[Standing], error: OperationalError) -> Answer:
    """Answer where a lock or the time ran out: what each limit's policy says, the strictest first."""
    log.warning("limits could not be asked: %s", error)
    closed = any(each.is_hard and not each.fails_open for each in found)
    return Answer(not closed, found, reason=UNASKED, degraded=True)


def _as_it_stands(each: Standing, rows: Rows) -> Standing:
    known = rows.get(each.counter_id or 0)
    return replace(each, spent=known[0], held=known[1]) if known else each


def _write_refusal(order: _Order, rows: Rows, gates: Collection[int | None]) -> None:
    """Write one row for each limit that refused; a key that is tried again adds none."""
    Breach.objects.bulk_create(
        (
            Breach(
                counter_id=counter, kind=Breach.Kind.REFUSED, spent=spent, held=held, hold_key=order.key, at=order.at,
                amount=order.use.spend if counter in gates else order.use.amount,
            )
            for counter, (spent, held) in rows.items()
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def _made(order: _Order, found: Sequence[Standing]) -> Hold:
    """Give the hold that was written just now, without reading it again."""
    return Hold(
        environment_id=order.environment_id, key=order.key, account_id=order.use.account_id, metric_id=order.metric_id,
        dimensions=dict(order.use.dimensions), amount=order.use.amount, made_at=order.at, expires_at=order.expires_at,
        counters=[each.counter_id for each in found if not each.is_gate], spend=order.use.spend,
        currency=order.use.currency,
    )  # fmt: skip


def _known(order: _Order) -> Hold:
    """Give the hold of a key that was used before, if it is the same. Raises Conflict."""
    hold, use = Hold.objects.get(environment=order.environment_id, key=order.key), order.use
    content = (hold.account_id, hold.metric_id, hold.amount, hold.dimensions, hold.spend, hold.currency)
    if content != (
        use.account_id, order.metric_id, use.amount, dict(use.dimensions), use.spend, use.currency
    ):  # fmt: skip
        raise Conflict("This key was used for another reservation", field="key", fix="Use a new key")
    return hold


def end(ids: Sequence[int], outcome: str, at: datetime) -> int:
    """Take holds off their counters; returns how many were held until now."""
    with connection.cursor() as cursor:
        cursor.execute(END, [list(ids), str(outcome), at])
        return len(cursor.fetchone()[0])
