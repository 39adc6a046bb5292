"""Balances: what is left of commits and credits, and what moved each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from billing.portal.frame import show
from billing.queries.standing import balances_of
from monetization.foundation.portal import PortalScope, portal_view


@portal_view
def balances(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what is left of each commit and credit, with its movements."""
    return show(request, scope, "balances", "balances", balances=balances_of(scope.account, timezone.now()))
