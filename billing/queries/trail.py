"""The way back from a line: which usage it bills, hour by hour, and where the events are.

A line keeps the full dimension values that it billed (`source["usage"]`), so the way back is the way in: the same
account, metric version, dimension values and stretch of time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from billing.models import Invoice, InvoiceLine
from catalog.queries import metric_terms
from catalog.rules.terms import dims_of
from metering.models import DimensionSet, HourlyUsage
from metering.queries import After, EventPage, events_behind
from monetization.values.periods import Period

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Used:
    """Usage of one set of dimension values: unconverted quantity, and events that it was read from."""

    dims: Mapping[str, str]
    quantity: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class HourOfUse:
    """A UTC hour of the line's usage over all its dimension values."""

    hour: datetime
    quantity: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class Trail:
    """What a line rests on. ``cards`` name the price rows in force in turn, with version, owner and approval."""

    line: InvoiceLine
    period: Period
    cards: Sequence[Mapping[str, Any]]
    used: tuple[Used, ...]
    hours: tuple[HourOfUse, ...]


def line_trail(line: InvoiceLine) -> Trail:
    """Walk a line back to its usage. Hours at a cut inside the hour show that hour's usage in full."""
    used = tuple(Used(row["dims"], Decimal(row["quantity"]), row["events"]) for row in line.source.get("usage", ()))
    period = Period(line.starts_at, line.ends_at)
    return Trail(line, period, line.source.get("cards", ()), used, _hours(line.invoice, line, used))


def events_of(trail: Trail, used: int, *, after: After | None = None, limit: int = 50) -> EventPage | None:
    """List the events that one of the line's sets of dimension values was added up from; None without usage."""
    if not trail.used or trail.line.metric_version is None:
        return None
    metric = metric_terms(trail.line.metric_version)
    return events_behind(
        account_id=trail.line.invoice.account_id,
        metric=metric,
        match=dims_of(trail.used[used].dims, metric.order),
        period=trail.period,
        after=after,
        limit=limit,
    )


def _hours(invoice: Invoice, line: InvoiceLine, used: Sequence[Used]) -> tuple[HourOfUse, ...]:
    sets = DimensionSet.objects.filter(
        metric_version_id=line.metric_version_id, values__in=[dict(row.dims) for row in used]
    )
    first = line.starts_at.replace(minute=0, second=0, microsecond=0)
    rows = (
        HourlyUsage.objects.filter(
            account_id=invoice.account_id,
            metric_version_id=line.metric_version_id,
            dimensions__in=sets,
            hour__gte=first,
            hour__lt=line.ends_at,
        )
        .values_list("hour")
        .annotate(quantity=Sum("quantity"), events=Sum("events"))
        .order_by("hour")
    )
    return tuple(HourOfUse(*row) for row in rows)
