"""The usage explorer: any metric, by local day and dimension, for one account or all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Metric
from catalog.queries import metric_versions_for
from catalog.rules.terms import MetricTerms
from metering.queries import daily_usage, largest_accounts
from metering.queries.usage import DailyRow
from monetization.foundation.console import page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for
from monetization.foundation.rules.charts import OTHER, Slot, bars, fold
from monetization.foundation.templatetags.show import day as day_text
from monetization.foundation.templatetags.show import exact
from monetization.foundation.web import StaffRequest
from monetization.values.errors import NotFound
from monetization.values.money import EXACT, plain, round_half_away, total_of
from monetization.values.periods import DAY, Period, days_of, local_date, local_midnight

ALL, NONE = "All", "(none)"
SHOWN_ACCOUNTS, LONGEST, MOST_PLACES = 1000, 400, 6


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at: a metric with its versions, the accounts, a period in a zone, a dimension."""

    metric: Metric
    versions: Mapping[int, MetricTerms]
    account: Account | None
    account_ids: tuple[int, ...]
    period: Period
    zone: str
    by: str

    @property
    def newest(self) -> MetricTerms:
        return max(self.versions.values(), key=lambda each: each.number)


@require_safe
def explorer(request: StaffRequest) -> HttpResponse:
    """Show usage as a chart by day, beside it the same as a table."""
    metrics = _metrics(request)
    accounts = list(accounts_for(request.user, request.environment).order_by("name")[:SHOWN_ACCOUNTS])
    context: dict[str, Any] = {"metrics": [metric for metric, _ in metrics], "accounts": accounts}
    if metrics:
        choice = _choice(request, metrics, accounts)
        context |= _found(choice, [day.date for day in days_of(choice.period, choice.zone)]) | _form(choice)
    return show(request, "metering/usage.html", context, title="Usage", parts=["found"])


def _metrics(request: StaffRequest) -> list[tuple[Metric, dict[int, MetricTerms]]]:
    """List the metrics that are in force at any time, with their versions; those longest in use first."""
    versions: dict[int, dict[int, MetricTerms]] = {}
    for dated in metric_versions_for(request.environment.pk):
        versions.setdefault(dated.metric_id, {})[dated.terms.version_id] = dated.terms
    found = Metric.objects.filter(pk__in=versions).order_by(F("first_seen_at").asc(nulls_last=True), "name")
    return [(metric, versions[metric.pk]) for metric in found]


def _choice(
    request: StaffRequest, metrics: Sequence[tuple[Metric, dict[int, MetricTerms]]], accounts: Sequence[Account]
) -> Choice:
    wanted, key = request.GET.get("account", ""), request.GET.get("metric", "")
    account = next((each for each in accounts if str(each.pk) == wanted), None)
    if wanted and account is None:
        raise NotFound("There is no such account")
    found = next(((metric, versions) for metric, versions in metrics if metric.key == key), metrics[0])
    zone = account.time_zone if account else request.user.time_zone
    by = request.GET.get("by", "")
    known = {name for each in found[1].values() for name in each.order}
    ids = (account.pk,) if account else tuple(each.pk for each in accounts)
    return Choice(*found, account, ids, _period(request, zone), zone, by if by in known else "")


def _period(request: StaffRequest, zone: str) -> Period:
    """Read the days from–to (both included); this month where they are missing or make no sense."""
    today = local_date(timezone.now(), zone)
    first = _date(request.GET.get("from"), today.replace(day=1))
    last = _date(request.GET.get("to"), today)
    if not 0 <= (last - first).days < LONGEST:
        first, last = today.replace(day=1), today
    return Period(local_midnight(first, zone), local_midnight(last + DAY, zone))


def _date(text: str | None, otherwise: date) -> date:
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return otherwise
    return found if 2000 <= found.year < 2199 else otherwise


def _form(choice: Choice) -> dict[str, Any]:
    last = local_date(choice.period.ends_at, choice.zone) - DAY if choice.period.ends_at else None
    return {
        "choice": choice,
        "first": local_date(choice.period.starts_at, choice.zone),
        "last": last,
        "dimensions": choice.newest.order,
        "events_address": "?" + urlencode({"account": choice.account.key}) if choice.account else "",
    }


def _found(choice: Choice, days: Sequence[date]) -> dict[str, Any]:
    rows = daily_usage(
        account_ids=choice.account_ids, metrics=list(choice.versions.values()), period=choice.period,
        zone=choice.zone, by=[choice.by] if choice.by else [], together=choice.account is None,
    )  # fmt: skip
    sums = _sums(rows, choice)
    names = {name for _, name in sums}
    series = fold([(name, total_of(v for (_, other), v in sums.items() if other == name)) for name in names])
    table = [(day, values := _values(sums, day, series), total_of(values)) for day in days]
    totals = [total_of(values[index] for _, values, _ in table) for index in range(len(series))]
    return {
        "series": series,
        "rows": [row for row in table if any(row[1])],
        "totals": totals,
        "total": total_of(totals),
        "places": _places([*(value for _, values, _ in table for value in values), *totals]),
        "events": sum(row.events for row in rows),
        "chart": bars(series, [_slot(day, values, series, days) for day, values, _ in table]),
        "values": _by_value(rows, choice) if choice.by else (),
        "largest": _largest(choice) if choice.account is None else (),
    }


def _places(values: Sequence[Decimal]) -> int:
    """Choose one number of decimals for all figures of the table: at most six."""
    return max((len(plain(round_half_away(each, MOST_PLACES)).partition(".")[2]) for each in values), default=0)


def _sums(rows: Sequence[DailyRow], choice: Choice) -> dict[tuple[date, str], Decimal]:
    """Add up priced units by day and dimension value."""
    sums: dict[tuple[date, str], Decimal] = {}
    for row in rows:
        key = (row.date, row.dims[0][1] or NONE if row.dims else ALL)
        sums[key] = EXACT.add(sums.get(key, Decimal(0)), _units(row.quantity, choice.versions[row.metric_version_id]))
    return sums


def _by_value(rows: Sequence[DailyRow], choice: Choice) -> list[tuple[str, Decimal]]:
    """Rank all values of the dimension, those too that the chart folds."""
    sums: dict[str, Decimal] = {}
    for (_, name), units in _sums(rows, choice).items():
        sums[name] = EXACT.add(sums.get(name, Decimal(0)), units)
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def _values(sums: Mapping[tuple[date, str], Decimal], day: date, series: Sequence[str]) -> tuple[Decimal, ...]:
    mine = {name: value for (at, name), value in sums.items() if at == day}
    rest = total_of(value for name, value in mine.items() if name not in series)
    return tuple(mine.get(name, rest if name == OTHER else Decimal(0)) for name in series)


def _slot(day: date, values: tuple[Decimal, ...], series: Sequence[str], days: Collection[date]) -> Slot:
    parts = [f"{name}: {exact(value)}" for name, value in zip(series, values, strict=True) if value]
    return Slot(str(day.day), "\n".join([day_text(day), *(parts or ["nothing"])]), values)


def _units(quantity: Decimal, metric: MetricTerms) -> Decimal:
    return round_half_away(Fraction(quantity) / Fraction(metric.divisor), 9)


def _largest(choice: Choice) -> list[tuple[Account, Decimal]]:
    ranked = largest_accounts(account_ids=choice.account_ids, version_ids=list(choice.versions), period=choice.period)
    known = Account.objects.in_bulk([pk for pk, _ in ranked])
    return [(known[pk], _units(quantity, choice.newest)) for pk, quantity in ranked]


pages = [path("usage/", page("metering.read")(explorer), name="usage")]
