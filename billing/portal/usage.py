"""Usage by day and dimension, as picture, table and CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from billing.portal.frame import chosen, show
from billing.queries.statement import Billed, billed_periods
from catalog.models import Metric
from catalog.queries import terms_for
from catalog.rules.terms import MetricTerms
from metering.queries import daily_usage
from monetization.foundation.portal import PortalScope, portal_view
from monetization.foundation.rules.charts import OTHER, Slot, bars, fold
from monetization.foundation.templatetags.show import day as day_text
from monetization.foundation.templatetags.show import exact
from monetization.values.money import EXACT, plain, round_half_away, total_of
from monetization.values.periods import days_of, local_date

ALL, NONE = "All", "(none)"
PLACES = 18
SHOWN_DIGITS = 7
RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Choice:
    """A metric that can be looked at: its versions in the period, its dimensions in order."""

    key: str
    name: str
    unit: str
    dimensions: tuple[str, ...]
    versions: tuple[MetricTerms, ...]


@dataclass(frozen=True, slots=True)
class DayRow:
    """A local day with one quantity for each series, in priced units."""

    date: date
    values: tuple[Decimal, ...]

    @property
    def total(self) -> Decimal:
        return total_of(self.values)


@portal_view
def by_day(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show one metric by local day, split by one of its dimensions."""
    periods = billed_periods(scope.account, timezone.now())
    billed = chosen(request, periods)
    choices = _choices(billed)
    if billed is None or not choices:
        return show(request, scope, "usage", "usage", metrics=())
    metric = _chosen(request.GET.get("metric"), choices)
    by = request.GET.get("by") or ""
    if by and by not in metric.dimensions:
        raise Http404("no such dimension")
    series, rows = _rows(scope, billed, metric, by)
    if request.GET.get("format") == "csv":
        return _csv(f"{scope.account.key}-{metric.key}-{billed.key}.csv", metric, series, rows)
    today = local_date(timezone.now(), scope.account.time_zone)
    return show(
        request, scope, "usage", "usage", metrics=choices, periods=periods,
        chosen={"metric": metric, "by": by, "period": billed},
        csv_address="?" + urlencode({"metric": metric.key, "by": by, "period": billed.key, "format": "csv"}),
        **_table(series, [row for row in rows if row.date <= today]),
        **_picture(metric, series, rows, today),
    )  # fmt: skip


def _choices(billed: Billed | None) -> list[Choice]:
    """List the metrics that the period's terms price."""
    if billed is None:
        return []
    terms = terms_for(contract=billed.contract, period=billed.period)
    versions: dict[str, dict[int, MetricTerms]] = {}
    for segment in terms.segments:
        for charge in segment.charges:
            versions.setdefault(charge.metric.metric, {})[charge.metric.version_id] = charge.metric
    names = Metric.objects.filter(environment=billed.contract.environment_id, key__in=versions)
    return [_choice(key, name, versions[key]) for key, name in names.order_by("name").values_list("key", "name")]


def _choice(key: str, name: str, versions: Mapping[int, MetricTerms]) -> Choice:
    newest = max(versions.values(), key=lambda each: each.number)
    return Choice(key, name, newest.unit, newest.order, tuple(versions.values()))


def _chosen(key: str | None, choices: Sequence[Choice]) -> Choice:
    found = next((each for each in choices if key in (None, "", each.key)), None)
    if found is None:
        raise Http404("no such metric")
    return found


def _rows(scope: PortalScope, billed: Billed, metric: Choice, by: str) -> tuple[list[str], list[DayRow]]:
    """Give the series, the largest first, and one row for each local day of the period, in priced units."""
    zone = scope.account.time_zone
    found = daily_usage(
        account_ids=[scope.account.pk], metrics=metric.versions, period=billed.period, zone=zone, by=[by] if by else []
    )
    divisors = {each.version_id: each.divisor for each in metric.versions}
    sums: dict[tuple[date, str], Decimal] = {}
    for row in found:
        key = (row.date, row.dims[0][1] or NONE if row.dims else ALL)
        units = round_half_away(Fraction(row.quantity) / Fraction(divisors[row.metric_version_id]), PLACES)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), units)
    series = fold([(name, total_of(v for (_, n), v in sums.items() if n == name)) for name in {n for _, n in sums}])
    days = [each.date for each in days_of(billed.period, zone)]
    return series, [DayRow(day, tuple(_value(sums, day, name, series) for name in series)) for day in days]


def _value(sums: Mapping[tuple[date, str], Decimal], day: date, name: str, series: Sequence[str]) -> Decimal:
    if name != OTHER or (day, OTHER) in sums:
        return sums.get((day, name), Decimal(0))
    return total_of(value for (at, other), value in sums.items() if at == day and other not in series)


def _table(series: Sequence[str], rows: Sequence[DayRow]) -> dict[str, Any]:
    totals = tuple(total_of(row.values[index] for row in rows) for index in range(len(series)))
    seen = {"series": series, "rows": rows if any(totals) else (), "totals": totals, "total": total_of(totals)}
    return seen | {"places": _places([*(value for row in rows for value in row.values), *totals])}


def _places(values: Sequence[Decimal]) -> int:
    """Choose one number of decimals for all figures of a table: enough for six digits, no more than they have."""
    largest = max(map(abs, values), default=Decimal(0))
    room = max(SHOWN_DIGITS - max(largest.adjusted() + 1, 1), 0) if largest else 0
    return max((len(plain(round_half_away(each, room)).partition(".")[2]) for each in values), default=0)


def _picture(metric: Choice, series: Sequence[str], rows: Sequence[DayRow], today: date) -> dict[str, Any]:
    slots = [
        Slot(str(row.date.day), _title(row, series), row.values, row.date == today, row.date > today) for row in rows
    ]
    label = f"{metric.name} by day, in {metric.unit}; the table has the same figures"
    return {"chart": bars(series, slots), "chart_label": label}


def _title(row: DayRow, series: Sequence[str]) -> str:
    parts = [f"{name}: {exact(value)}" for name, value in zip(series, row.values, strict=True) if value]
    return "\n".join([day_text(row.date), *(parts or ["nothing"])])


def _csv(filename: str, metric: Choice, series: Sequence[str], rows: Iterable[DayRow]) -> HttpResponse:
    """Write the table as it is seen, with plain numbers; texts that a spreadsheet would run are quoted."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    writer = csv.writer(answer)
    writer.writerow(["date", *(_harmless(f"{name} ({metric.unit})") for name in series)])
    writer.writerows([row.date.isoformat(), *map(plain, row.values)] for row in rows)
    return answer


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(RISKY) else text
