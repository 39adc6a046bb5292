"""What an account may draw on, as of any day: each commit and credit with its items and what moved them."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.as_of import as_of
from billing.queries.standing import holdings_of
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest


@page("foundation.read")
@require_safe
def account_balances(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the balances of an account."""
    seen = accounts_for(request.user, request.environment).select_related("customer")
    account = get_object_or_404(seen, pk=pk)
    when = as_of(request.GET.get("as_of", ""), account.time_zone, timezone.now())
    context = {
        "account": account,
        "when": when,
        "holdings": holdings_of(account, when.at),
        "may_contract": request.user.has_perm("catalog.draft_contract"),
    }
    crumbs = [
        ("Accounts", reverse("console:foundation_account_changelist")),
        (account.name, reverse("console:account", args=[pk])),
    ]
    status = 422 if when.error else 200
    return show(request, "console/balances.html", context, title="Balances", crumbs=crumbs, status=status)


pages = [path("accounts/<int:pk>/balances/", account_balances, name="account_balances")]
