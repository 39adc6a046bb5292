"""What all pages of the portal share: the frame, addresses, chosen periods, pages of long lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from billing.queries.rated import Rated
from billing.queries.statement import Billed, ReadLine, contracts_of, lines_of
from monetization.foundation.portal import PortalScope
from monetization.foundation.templatetags.show import exact, period
from monetization.values.periods import local_date


def show(request: HttpRequest, scope: PortalScope, template: str, tab: str, **context: Any) -> HttpResponse:
    """Render a page in the portal's frame."""
    zone = scope.account.time_zone
    contracts = contracts_of(scope.account)
    frame = {
        "scope": scope,
        "tab": tab,
        "zone": zone,
        "today": local_date(timezone.now(), zone),
        "here": request.get_full_path(),
        "seller": contracts[0].legal_entity.name if contracts else "",
    }
    return render(request, f"portal/{template}.html", frame | context)


def address(scope: PortalScope, name: str, **parts: Any) -> str:
    """Give the address of a page of this account."""
    return reverse(f"portal:{name}", kwargs={"account_id": scope.account.pk, **parts})


def chosen(request: HttpRequest, periods: Sequence[Billed]) -> Billed | None:
    """Give the period named in the address, the newest where none is; Http404 for one that isn't there."""
    key = request.GET.get("period")
    if not key:
        return periods[0] if periods else None
    found = next((each for each in periods if each.key == key), None)
    if found is None:
        raise Http404("no such period")
    return found


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A tier in words and figures."""

    units: str
    step: Any


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line for the page: `line` with its steps in words, its days where they matter, and its usage's address."""

    line: ReadLine
    days: str
    steps: tuple[ShownStep, ...]
    usage_address: str


def shown(line: ReadLine, zone: str, usage_address: str) -> ShownLine:
    """Put a line into words."""
    days = period(line.period, zone) if line.period else ""
    return ShownLine(line, days, tuple(ShownStep(_units(step), step) for step in line.steps), usage_address)


def shown_lines(scope: PortalScope, billed: Billed, rated: Rated) -> list[ShownLine]:
    """Put the lines of a rated period into words, each with the way to its usage."""
    return [
        shown(line, rated.terms.zone, _usage_address(scope, billed, line)) for line in lines_of(rated, scope.account)
    ]


def _usage_address(scope: PortalScope, billed: Billed, line: ReadLine) -> str:
    return f"{address(scope, 'line_usage', **line.place)}?period={billed.key}" if line.is_usage else ""


def one_page(request: HttpRequest, rows: QuerySet[Any], size: int) -> dict[str, Any]:
    """Cut a long list into pages: the rows, and the numbers of the pages before and after."""
    page = Paginator(rows, size).get_page(request.GET.get("page"))
    return {
        "rows": list(page.object_list),
        "page": page.number,
        "pages": page.paginator.num_pages,
        "before": page.previous_page_number() if page.has_previous() else None,
        "after": page.next_page_number() if page.has_next() else None,
    }


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Give the address in `from` if it is a page of the portal, else the other one."""
    wanted = request.GET.get("from", "")
    ours = url_has_allowed_host_and_scheme(wanted, None) and wanted.startswith(reverse("portal:start"))
    return wanted if ours else otherwise


def _units(step: Any) -> str:
    if step.up_to is None:
        return f"above {exact(step.over)}" if step.over else "all"
    return f"{exact(step.over)} to {exact(step.up_to)}" if step.over else f"first {exact(step.up_to)}"
