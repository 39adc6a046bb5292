"""The page of an impact: charts, sums by product and segment, and every account; the same accounts as a file."""

from collections.abc import Iterable, Iterator
from csv import writer
from io import StringIO
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from billing.impacts.panel import context_of
from billing.models import AccountImpact, Impact
from billing.queries.impact_shown import SHOWN, by_change, chosen
from billing.queries.impacts import latest_impact, rows_seen, sums_by
from catalog.console.requests import requests_in
from catalog.models import Product
from monetization.foundation.console import page, show
from monetization.foundation.rules.cells import safe
from monetization.foundation.web import StaffRequest
from monetization.values.money import plain

PAGE = 50
ASKED = ("currency", "shown", "segment", "product", "q")
HEAD = (
    "account", "name", "customer", "segment", "currency", "before", "after", "change_percent", "covered_before",
    "covered_after", "flagged", "caps_before", "caps_after", "balances_used_up", "not_reckoned",
)  # fmt: skip


@page("billing.read")
@require_safe
def impact_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the newest impact of a request in full."""
    change = get_object_or_404(requests_in(request), pk=pk)
    impact, asked = latest_impact(change), {name: request.GET.get(name, "").strip() for name in ASKED}
    context = context_of(request, change, impact, asked["currency"])
    crumbs = [("Inbox", reverse("console:inbox")), (change.title, reverse("console:request", args=[pk]))]
    title = "Impact"
    if impact is None or context["chosen"] is None:
        return show(request, "billing/impact/page.html", context, title=title, crumbs=crumbs)
    asked["currency"] = context["chosen"].total.currency
    rows = rows_seen(impact, request.user).filter(currency=asked["currency"])
    listed = Paginator(by_change(chosen(rows, asked)).prefetch_related("balances"), PAGE)
    context |= {
        "asked": asked, "choices": [(key, label) for key, (label, _) in SHOWN.items()], "others": _others(rows, impact),
        "rows": listed.get_page(request.GET.get("page")), "address": urlencode(asked),
    }  # fmt: skip
    return show(request, "billing/impact/page.html", context, title=title, crumbs=crumbs, parts=["found"])


@page("billing.read")
@require_safe
def impact_file(request: StaffRequest, pk: int) -> HttpResponse:
    """Answer with the accounts that the address chooses, all of them, as CSV."""
    impact = latest_impact(get_object_or_404(requests_in(request), pk=pk))
    if impact is None:
        raise Http404("There is no impact yet")
    asked = {name: request.GET.get(name, "").strip() for name in ASKED}
    rows = chosen(rows_seen(impact, request.user), asked)
    if asked["currency"]:
        rows = rows.filter(currency=asked["currency"])
    found = by_change(rows).prefetch_related("balances").iterator(chunk_size=500)
    answer = HttpResponse(_lines(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="impact-{pk}.csv"'
    return answer


def _others(rows: QuerySet[AccountImpact], impact: Impact) -> dict[str, Any]:
    """Give sums by product and segment, and the names of products."""
    names = dict(Product.objects.filter(environment=impact.environment_id).values_list("key", "name"))
    return {"products": sums_by(rows, "product"), "segments": sums_by(rows, "segment"), "names": names}


def _lines(rows: Iterable[AccountImpact]) -> Iterator[str]:
    yield _line(HEAD)
    for row in rows:
        amounts = [plain(each) for each in (row.before, row.after)]
        covered = [plain(each) for each in (row.covered_before, row.covered_after)]
        percent = "" if row.change_percent is None else plain(row.change_percent)
        moved = "; ".join(map(str, row.balances.all()))
        names = [row.account.key, row.account.name, row.account.customer.key, row.segment, row.currency]
        marks = ["yes" if row.is_flagged else "", row.caps_before, row.caps_after, safe(moved), safe(row.trouble)]
        yield _line([*map(safe, names), *amounts, percent, *covered, *marks])


def _line(cells: Iterable[object]) -> str:
    buffer = StringIO()
    writer(buffer).writerow(list(cells))
    return buffer.getvalue()


pages = [
    path("requests/<int:pk>/impact/", impact_page, name="request_impact"),
    path("requests/<int:pk>/impact/file/", impact_file, name="request_impact_file"),
]
