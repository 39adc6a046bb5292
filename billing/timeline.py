"""A contract's life on one axis: its days, amendments, price versions, and the invoices of its periods."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.models import Invoice
from billing.rules.timeline import Fact, axis_of, placed, today_at
from catalog.models import Contract
from catalog.queries import service
from catalog.queries.terms import versions_in
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest
from monetization.values.periods import Period, local_date

ROWS = ("Contract", "Amendments", "Prices", "Invoices")
DAY = timedelta(days=1)
MOST = 200


@require_GET
def timeline(request: StaffRequest, pk: int) -> HttpResponse:
    """Show what stood when, as a drawing and as a list."""
    seen = accounts_for(request.user, request.environment)
    contract = get_object_or_404(Contract.objects.filter(account__in=seen).select_related("account"), pk=pk)
    now = timezone.now()
    today = local_date(now, contract.account.time_zone)
    facts = facts_of(contract, now)
    axis = axis_of(facts, today)
    rows = [(name, [placed(each, axis) for each in facts if each.row == name]) for name in ROWS]
    context = {"contract": contract, "rows": rows, "facts": facts, "axis": axis, "today": today_at(today, axis)}
    crumbs = [
        ("Contracts", reverse("console:catalog_contract_changelist")),
        (contract.name, reverse("console:contract", args=[pk])),
    ]
    return show(request, "billing/timeline.html", context, title="Timeline", crumbs=crumbs)


def facts_of(contract: Contract, now: datetime) -> list[Fact]:
    """List everything that belongs on a contract's axis, in the order of its rows."""
    whole = Fact("Contract", contract.name, contract.start_date, contract.served_until)
    amended = contract.amendments.exclude(status__in=["WITHDRAWN", "REJECTED"]).order_by("effective_date", "number")
    marks = (
        Fact("Amendments", f"{each.number} · {each.get_kind_display()}", each.effective_date, each.effective_date,
             each.get_status_display(), reverse("console:amendment", args=[each.pk]))
        for each in amended
    )  # fmt: skip
    return [whole, *marks, *_prices(contract, now), *_invoices(contract)]


def _prices(contract: Contract, now: datetime) -> Iterable[Fact]:
    """List the versions that price it, until its end or a year from now."""
    zone, served = contract.account.time_zone, service(contract)
    until = served.ends_at or max(now, served.starts_at) + 366 * DAY
    found = versions_in(contract, Period(served.starts_at, until))
    ends: list[datetime | None] = [*(start for start, _ in found[1:]), served.ends_at]
    for (start, version), end in zip(found, ends, strict=True):
        last: date | None = local_date(end, zone) - DAY if end is not None else None
        address = reverse("console:rate_card_version", args=[version.pk])
        yield Fact("Prices", f"{version.card} v{version.number}", local_date(start, zone), last, "", address)


def _invoices(contract: Contract) -> Iterable[Fact]:
    zone = contract.account.time_zone
    for each in Invoice.objects.filter(contract=contract).order_by("period_starts_at", "pk")[:MOST]:
        first, last = local_date(each.period_starts_at, zone), local_date(each.period_ends_at, zone) - DAY
        name = f"{each.number or each.get_kind_display()} · {each.currency} {each.total:.2f}"
        address = reverse("console:invoice", args=[each.pk])
        yield Fact("Invoices", name, first, last, each.get_status_display(), address)


pages = [path("contracts/<int:pk>/timeline/", page("billing.read")(timeline), name="contract_timeline")]
