"""Which limits concern somebody, and how they stand: asked in one query, because callers wait for the answer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, Q

from catalog.models import Metric
from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms
from metering.models import Counter, Hold, Limit
from metering.rules.quotas import QUANTITY, Standing, may_concern
from metering.stores.events import exact
from monetization.foundation.models import Account, Environment
from monetization.foundation.queries import accounts_named
from monetization.values.errors import NotFound

STANDINGS = """
SELECT l.id, l.name, l.kind, l."match"::text, coalesce(c.most, l.most), l.is_hard, l.fails_open, l.hold_seconds,
       l."window", l.currency, c.id, c.starts_at, c.ends_at, c.spent, c.held, c.as_of,
       c.mark IS DISTINCT FROM coalesce(m.number, 0) AND l.kind <> 'QUANTITY'
FROM metering_limit l
LEFT JOIN metering_usagemark m ON m.account_id = %(account)s
LEFT JOIN LATERAL (
  SELECT c.* FROM metering_counter c
  WHERE c.limit_id = l.id AND c.account_id = %(account)s AND c.starts_at <= %(at)s AND c.ends_at > %(at)s
  ORDER BY c.starts_at DESC LIMIT 1
) c ON true
WHERE l.environment_id = %(environment)s AND l.ended_at IS NULL
  AND (l.account_id = %(account)s OR l.account_id IS NULL)
  AND (l.metric_id = %(metric)s OR l.kind <> 'QUANTITY')
  AND (l.product_id IS NULL OR EXISTS (
    SELECT FROM catalog_charge h WHERE h.product_id = l.product_id AND h.metric_id = %(metric)s))
ORDER BY l.id
"""
EXPIRED = """
SELECT e::bigint, sum(amount) FROM (
  SELECT h.amount, h.counters FROM metering_hold h WHERE h.status = 'HELD' AND h.expires_at <= %(at)s
    AND h.account_id = %(account)s
  UNION ALL SELECT h.spend, h.spend_counters FROM metering_hold h WHERE h.status = 'HELD' AND h.expires_at <= %(at)s
    AND h.account_id = %(account)s AND h.holds_spend
) each (amount, counters), jsonb_array_elements_text(counters) e GROUP BY 1
"""

COUNTING = """
SELECT l.id FROM metering_limit l JOIN catalog_metric m ON m.id = l.metric_id
WHERE l.environment_id = %s AND l.ended_at IS NULL AND l.kind = 'QUANTITY' AND m.key = ANY(%s)
  AND (l.account_id IS NULL OR l.account_id = ANY(%s::bigint[]))
"""
METRIC = "SELECT id FROM catalog_metric WHERE environment_id = %s AND key = %s"
NAMED = f"SELECT (SELECT id FROM foundation_account WHERE environment_id = %s AND key = %s), ({METRIC})"


def standings(
    *, environment_id: int, account_id: int, metric_id: int, dims: Mapping[str, str], at: datetime
) -> list[Standing]:
    """List the limits in force that such a use may count towards, each as it stands in the window of now.

    A limit of money without a counter is left out: billing has not said yet what is spent. One of a product is asked
    where a price list charges the metric for that product.
    """
    asked: dict[str, Any] = {"environment": environment_id, "account": account_id, "metric": metric_id, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(STANDINGS, asked)
        found = [_standing(row) for row in cursor.fetchall()]
    return [
        each
        for each in found
        if may_concern(each.match, dims) and (each.kind == QUANTITY or each.counter_id is not None)
    ]


def without_expired(found: Sequence[Standing], *, account_id: int, at: datetime) -> list[Standing]:
    """Leave out what is held by reservations that have expired and wait to be taken off."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRED, {"at": at, "account": account_id})
        expired: dict[int, Decimal] = dict(cursor.fetchall())
    return [replace(each, held=each.held - expired.get(each.counter_id or 0, Decimal(0))) for each in found]


def metric_id_of(environment_id: int, key: str) -> int:
    """Find a metric by its key. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(METRIC, [environment_id, key])
        found = cursor.fetchone()
    if found is None:
        raise _no_metric()
    return int(found[0])


def named(*, environment_id: int, subject: str, metric: str, at: datetime) -> tuple[int, int]:
    """Find an account, by its key or an alias of that time, and a metric, as a rule in one query. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(NAMED, [environment_id, subject, environment_id, metric])
        account_id, metric_id = cursor.fetchone()
    if account_id is None:
        account_id = accounts_named(environment_id, {subject}).of_alias(subject, at)
    if not account_id:
        raise NotFound("There is no such account", field="account", fix="See /api/v1/accounts")
    if metric_id is None:
        raise _no_metric()
    return account_id, metric_id


def _no_metric() -> NotFound:
    return NotFound("There is no such metric", field="metric", fix="See /api/v1/metrics")


def limitable(environment_id: int) -> list[Metric]:
    """List the metrics whose use may be limited, those longest in use first."""
    newest = {each.metric_id: each.terms for each in metric_versions_for(environment_id)}
    found = Metric.objects.filter(pk__in=[pk for pk, terms in newest.items() if terms.adds_up])
    return list(found.order_by(F("first_seen_at").asc(nulls_last=True), "name"))


def limits_counting(
    *, environment_id: int, account_ids: Collection[int], metrics: Collection[str]
) -> list[Limit]:  # fmt: skip
    """List the limits of quantity in force that the use of some metrics by some accounts counts towards."""
    ids = f"{{{','.join(map(str, account_ids))}}}"  # thousands, as one text
    with connection.cursor() as cursor:  # asked by every batch
        cursor.execute(COUNTING, [environment_id, list(metrics), ids])
        pks = [pk for (pk,) in cursor.fetchall()]
    return list(Limit.objects.filter(pk__in=pks).select_related("metric")) if pks else []


def versions_of(metric: Metric) -> dict[int, MetricTerms]:
    """Map a metric's approved versions to their terms."""
    dated = metric_versions_for(metric.environment_id)
    return {each.terms.version_id: each.terms for each in dated if each.metric_id == metric.pk}


def awaiting(*, account_ids: Collection[int], keys: Collection[tuple[str, str]]) -> list[Hold]:
    """List the holds that were settled by one of these events before it came."""
    waiting = Hold.objects.filter(account__in=account_ids, status=Hold.Status.HELD).exclude(event_id="")
    return [each for each in waiting.order_by("pk") if (each.event_source, each.event_id) in keys]


def covering(
    *, limit_ids: Iterable[int], account_ids: Collection[int], first: datetime, last: datetime
) -> list[Counter]:
    """List the counters of some limits and accounts whose windows touch a stretch of time, both ends included."""
    found = Counter.objects.filter(limit__in=list(limit_ids), account__in=account_ids)
    return list(found.filter(starts_at__lte=last, ends_at__gt=first).order_by("pk"))


def limit_named(environment: Environment, pk: int, accounts: Iterable[Account] | None = None) -> Limit:
    """Find a limit, of some accounts only where they are given. Raises NotFound."""
    found = Limit.objects.filter(environment=environment, pk=pk)
    found = found.select_related("account", "metric", "product", "environment")
    limit = found.first() if accounts is None else found.filter(Q(account__in=accounts) | Q(account=None)).first()
    if limit is None:
        raise NotFound("There is no such limit", field="id", fix="See /api/v1/limits")
    return limit


def _standing(row: tuple[Any, ...]) -> Standing:
    pk, name, kind, match, *rest = row
    values = dict(zip(Standing.__slots__, [pk, name, kind, exact.decode(str(match)), *rest], strict=True))
    if values["counter_id"] is None:
        values |= {"spent": Decimal(0), "held": Decimal(0)}
    return Standing(**values)
