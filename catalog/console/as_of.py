"""What an account paid on a day, and who decided it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.queries.as_of import prices_then
from catalog.queries.contracts import service
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import Outcome, StaffRequest, day_in, refused
from monetization.values.errors import DomainError
from monetization.values.periods import local_date, local_midnight

SHOWN = 100


@page("catalog.read")
@require_safe
def account_prices(request: StaffRequest, pk: int) -> HttpResponse:
    """Show the prices of a day, from its first instant in the account's zone."""
    account = get_object_or_404(accounts_for(request.user, request.environment), pk=pk)
    asked, text = request.GET.get("on", "").strip(), request.GET.get("q", "").strip()
    today = local_date(timezone.now(), account.time_zone)
    outcome: Outcome[None] = Outcome()
    try:
        day = day_in(asked, "on") or today
    except DomainError as error:
        day, outcome = today, refused(error)
    at = local_midnight(day, account.time_zone)
    then = prices_then(account, at, text=text, most=SHOWN)
    context = {
        "account": account, "day": day, "text": text, "then": then, "outcome": outcome, "asked": asked,
        "days": service(then.contract) if then.contract else None, "today": today,
    }  # fmt: skip
    crumbs = [
        ("Accounts", reverse("console:foundation_account_changelist")),
        (account.name, reverse("console:account", args=[pk])),
    ]
    return show(request, "catalog/as_of.html", context, title="Prices as of a day", crumbs=crumbs, parts=("prices",))


pages = [path("accounts/<int:pk>/prices/", account_prices, name="account_prices")]
