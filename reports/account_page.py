"""One account as the whole house sees it: what it agreed to, what it uses, what it owes."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import Invoice
from billing.queries import SoFar, so_far
from billing.queries.standing import holdings_of
from catalog.console.contracts import state_of
from catalog.models import Contract
from catalog.queries import contract_at
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest
from monetization.values.errors import DomainError

INVOICES = 12


@page("foundation.read")
@require_safe
def account_page(request: StaffRequest, pk: int) -> HttpResponse:
    """Show an account."""
    seen = accounts_for(request.user, request.environment).select_related("customer", "parent")
    account, now = get_object_or_404(seen, pk=pk), timezone.now()
    live = contract_at(account, now)
    contracts = Contract.objects.filter(account=account).select_related("rate_card").order_by("-start_date", "-pk")
    context: dict[str, Any] = {
        "account": account,
        "live": live,
        "so_far": _so_far(live, now),
        "contracts": [(one, *state_of(one, now)) for one in contracts],
        "invoices": Invoice.objects.filter(account=account)[:INVOICES],
        "holdings": holdings_of(account, now),
        "aliases": account.aliases.all(),
        "may_contract": request.user.has_perm("catalog.draft_contract"),
        "may_change": request.user.has_perm("foundation.change_customer"),
        "now": now,
    }
    crumbs = [
        ("Accounts", reverse("console:foundation_account_changelist")),
        (account.customer.name, reverse("console:foundation_customer_change", args=[account.customer_id])),
    ]
    return show(request, "console/account.html", context, title=account.name, crumbs=crumbs)


def _so_far(contract: Contract | None, at: datetime) -> SoFar | None:
    try:
        return so_far(contract=contract, at=at) if contract is not None else None
    except DomainError:
        return None


pages = [path("accounts/<int:pk>/", account_page, name="account")]
