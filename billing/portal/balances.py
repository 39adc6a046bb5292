"""Balances: what is left of commits and credits, and what moved each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from billing.as_of import as_of
from billing.portal.frame import show
from billing.queries.standing import holdings_of
from monetization.foundation.portal import PortalScope, portal_view


@portal_view
def balances(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what is left of each commit and credit, today or as of another day, with its movements."""
    when = as_of(request.GET.get("as_of", ""), scope.account.time_zone, timezone.now())
    found = holdings_of(scope.account, when.at)
    answer = show(request, scope, "balances", "balances", holdings=found, when=when)
    answer.status_code = 422 if when.error else 200
    return answer
