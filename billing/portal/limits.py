"""The account's limits of use: what is used of each, and lower ones that the customer's admins set themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from billing.portal.frame import address, show
from catalog.models import Metric
from catalog.queries import contract_at
from metering.actions import limits as actions
from metering.actions.limits import LimitDraft
from metering.models import Breach, Counter, Limit
from metering.queries.limits import limitable
from metering.queries.limits_shown import alerts_of, shown
from metering.rules.limit_words import most_in, percentages_in, words_in
from monetization.foundation.models import Account
from monetization.foundation.portal import PortalScope, portal_form, portal_view, reading_as_portal
from monetization.foundation.web import Outcome, perform, refused
from monetization.values.errors import DomainError

RECENT, MOST = 20, 100
MONEY = (Limit.Kind.SPEND, Limit.Kind.BALANCE)
FIELDS = "name metric window most thresholds emails"
USUAL = {"thresholds": "80, 100", "window": "BILLING_PERIOD"}


@portal_view
def limits(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what is used of each limit; admins also find the form of their own."""
    return _page(request, scope, Outcome())


@portal_form
def new(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Set a limit of the customer's own, at most as high as the contract's."""
    account, typed, at = scope.account, request.POST, timezone.now()
    kind = typed.get("metric", "")
    metric = Metric.objects.filter(environment=account.environment, key=typed.get("metric", "")).first()

    def draft() -> dict[str, Any]:
        window = Limit.Window.DAY if typed.get("window") == "DAY" else Limit.Window.BILLING_PERIOD
        counted = {"kind": kind, "currency": _currency(account, at)} if kind in MONEY else {"metric": metric}
        strict = typed.get("strict") != "soft"
        content = LimitDraft(**counted, window=window, is_hard=strict, **_typed(request))
        return {"environment": account.environment, "account": account, "content": content}

    return _done(request, scope, actions.set_limit, lambda: draft() | {"set_by": Limit.SetBy.CUSTOMER})


@portal_form
def change(request: HttpRequest, scope: PortalScope, limit_id: int) -> HttpResponse:
    """Change a limit of one's own."""
    limit = _own(scope, limit_id)
    return _done(request, scope, actions.change_limit, lambda: {"limit": limit} | _typed(request), limit)


@portal_form
def end(request: HttpRequest, scope: PortalScope, limit_id: int) -> HttpResponse:
    """End a limit of one's own."""
    limit = _own(scope, limit_id)
    return _done(request, scope, actions.end_limit, lambda: {"limit": limit}, limit)


def _done(
    request: HttpRequest,
    scope: PortalScope,
    action: Callable[..., Limit],
    arguments: Callable[[], dict[str, Any]],
    limit: Limit | None = None,
) -> HttpResponse:
    """Call the action and go back to the page, or show it again with what was wrong."""
    try:
        outcome: Outcome[Any] = perform(request, action, **arguments())
    except DomainError as error:
        outcome = refused(error)
    if outcome:
        return HttpResponseRedirect(address(scope, "limits"))
    with reading_as_portal(each.pk for each in scope.accounts):
        return _page(request, scope, outcome, limit)


def _currency(account: Account, at: datetime) -> str:
    """Name the currency in which the account pays now; empty without a contract."""
    contract = contract_at(account, at)
    return contract.currency if contract is not None else ""


def _own(scope: PortalScope, limit_id: int) -> Limit:
    """Find a limit that this customer has set for this account; Http404 for any other."""
    found = Limit.objects.filter(pk=limit_id, account=scope.account, set_by=Limit.SetBy.CUSTOMER)
    limit = found.select_related("account", "metric", "environment").first()
    if limit is None:
        raise Http404("no such limit")
    return limit


def _page(request: HttpRequest, scope: PortalScope, outcome: Outcome[Any], limit: Limit | None = None) -> HttpResponse:
    account, now = scope.account, timezone.now()
    found = Limit.objects.filter(
        Q(account=account) | Q(account=None), environment=account.environment, ended_at=None
    ).select_related("account", "metric", "product")
    counters = Counter.objects.filter(account=account)
    answer = show(
        request, scope, "limits", "limits", found=shown(list(found[:MOST]), account_ids=[account.pk], at=now),
        alerts=alerts_of(counters).select_related("counter__limit")[:RECENT],
        breaches=Breach.objects.filter(counter__in=counters.values("pk")).select_related("counter__limit")[:RECENT],
        metrics=limitable(account.environment_id), currency=_currency(account, now), outcome=outcome, fields=FIELDS,
        typed=request.POST.dict() or USUAL, changed=limit.pk if limit else None,
    )  # fmt: skip
    answer.status_code = outcome.status
    return answer


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Read what both forms have. Raises Invalid."""
    typed = request.POST
    return {
        "name": typed.get("name", "").strip(),
        "most": most_in(typed.get("most", "")),
        "thresholds": percentages_in(typed.get("thresholds", "")),
        "emails": words_in(typed.get("emails", "")),
    }
