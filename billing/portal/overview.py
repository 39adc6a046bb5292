"""Overview: three figures and one chart; everything else is one click away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from billing.portal.frame import address, show, shown_lines
from billing.queries import rated
from billing.queries.rated import Rated
from billing.queries.statement import (
    Billed,
    DayCost,
    billed_periods,
    contracts_of,
    cost_by_day,
    issued_invoices,
    open_amounts,
)
from billing.rules.daily import expected, hours_of, hours_passed
from billing.rules.lifecycle import Kind
from metering.models import UsageMark
from monetization.foundation.portal import PortalScope, portal_view
from monetization.foundation.rules.charts import Chart, Slot, bars
from monetization.foundation.templatetags.show import day as day_text
from monetization.foundation.templatetags.show import money
from monetization.values.money import round_once
from monetization.values.periods import Period, days_of, local_date

RECENT, LARGEST, UNINVOICED = 5, 6, 2


@dataclass(frozen=True, slots=True)
class Figures:
    """The running period in figures; ``trial_until``: the first paid day, while the trial runs."""

    contract: str
    plan: str
    trial_until: date | None
    period: Period
    last_date: date
    so_far: Decimal
    expected: Decimal | None
    counted_at: datetime | None
    day: int
    days: int
    hours_passed: Fraction
    hours: Fraction | None
    unpriced: bool


@portal_view
def start(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Go to the first of one's accounts."""
    return redirect("portal:home", scope.account.pk)


@portal_view
def home(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show an account at a glance."""
    now = timezone.now()
    periods = billed_periods(scope.account, now)
    running = next((each for each in periods if now in each.period), None)
    context = _running(scope, running, now) if running else {"figures": None, "starts": _first_day(scope, now)}
    invoices = issued_invoices(scope.account)
    context |= _to_pay(scope) | {
        "invoices": invoices[:RECENT],
        "being_prepared": _being_prepared(scope, invoices, [each for each in periods if each != running]),
    }
    return show(request, scope, "home", "home", **context)


def _running(scope: PortalScope, billed: Billed, now: datetime) -> dict[str, Any]:
    found = rated(contract=billed.contract, period=billed.period)
    days = cost_by_day(found, scope.account)
    figures = _figures(billed, found, now)
    largest = sorted(
        (each for each in shown_lines(scope, billed, found) if each.line.amount > 0), key=lambda each: -each.line.amount
    )[:LARGEST]
    return {
        "figures": figures,
        "currency": found.terms.currency,
        "nothing": Decimal(0),
        "lines": largest,
        "days": [each for each in days if each.date <= local_date(now, found.terms.zone)],
        "chart": _chart(days, found, figures, local_date(now, found.terms.zone)),
        "chart_label": f"Cost by day in {found.terms.currency}; the table below has the same figures",
        "level_label": "average day so far" if figures.expected is not None else "",
    }


def _figures(billed: Billed, found: Rated, now: datetime) -> Figures:
    zone, net, currency = found.terms.zone, found.totals.net, found.terms.currency
    days = days_of(billed.period, zone)
    mark = UsageMark.objects.filter(account=billed.contract.account_id).first()
    today = local_date(now, zone)
    return Figures(
        contract=billed.contract.name,
        plan=billed.contract.plan_version.plan.name if billed.contract.plan_version is not None else "",
        trial_until=trial if (trial := billed.contract.trial_until) and today < trial else None,
        period=billed.period,
        last_date=days[-1].date,
        so_far=net,
        expected=expected(net, billed.period, now, currency),
        counted_at=mark.changed_at if mark and found.usage else None,
        day=sum(each.date <= today for each in days),
        days=len(days),
        hours_passed=hours_passed(billed.period, now),
        hours=hours_of(billed.period),
        unpriced=bool(found.unpriced),
    )


def _chart(days: Sequence[DayCost], found: Rated, figures: Figures, today: date) -> Chart:
    currency = found.terms.currency
    slots = [
        Slot(str(each.date.day), f"{day_text(each.date)}: {currency} {money(each.cost, currency)}", (each.cost,),
             is_today=each.date == today, is_ahead=each.date > today)
        for each in days
    ]  # fmt: skip
    average = round_once(figures.expected / len(days), currency) if figures.expected else None
    return bars(("Cost",), slots, average)


def _to_pay(scope: PortalScope) -> dict[str, Any]:
    found = open_amounts(scope.account)
    due = [each.next_due for each in found if each.next_due]
    return {"open": found, "open_count": sum(each.invoices for each in found), "next_due": min(due, default=None)}


def _being_prepared(scope: PortalScope, invoices: Any, ended: Sequence[Billed]) -> list[dict[str, Any]]:
    """Rate the last ended periods whose invoice isn't issued yet, so that no cost is out of sight."""
    done = set(invoices.filter(kind=Kind.USAGE.value).values_list("contract_id", "period_starts_at"))
    waiting = [each for each in ended[:UNINVOICED] if (each.contract.pk, each.period.starts_at) not in done]
    rows = [(each, rated(contract=each.contract, period=each.period)) for each in waiting]
    return [_prepared(scope, each, found) for each, found in rows if found.lines]


def _prepared(scope: PortalScope, billed: Billed, found: Rated) -> dict[str, Any]:
    return {
        "period": billed.period,
        "currency": found.terms.currency,
        "net": found.totals.net,
        "address": f"{address(scope, 'cost')}?period={billed.key}",
    }


def _first_day(scope: PortalScope, now: datetime) -> date | None:
    ahead = [each.start_date for each in contracts_of(scope.account)]
    return min((each for each in ahead if each > local_date(now, scope.account.time_zone)), default=None)
