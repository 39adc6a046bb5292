"""Limits in the console: how each stands now, its windows, breaches, holds and alerts; set, change, end."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Metric, Product
from metering.actions import limits as actions
from metering.console.limit_forms import FIELDS, MONEY, changes_of, draft_of, typed_of
from metering.models import Limit
from metering.queries.limits import limit_named, limitable
from metering.queries.limits_shown import alerts_of, breaches_of, counters_of, holds_of, preview, shown, unit_of
from metering.rules.quotas import widths
from monetization.foundation.console import page, show
from monetization.foundation.models import Account
from monetization.foundation.queries import accounts_for, sees_all_customers
from monetization.foundation.web import Outcome, StaffRequest, perform, perform_and_go, refused
from monetization.values.errors import DomainError

PAGE, RECENT, PREVIEWED, SHOWN_ACCOUNTS = 50, 25, 8, 1000
WINDOWS = [("BILLING_PERIOD", "Billing period"), ("DAY", "Day of the account")]
Ids = Sequence[int] | None


@require_safe
def limits(request: StaffRequest) -> HttpResponse:
    """List limits as they stand, those in force or those that ended."""
    status = "ended" if request.GET.get("status") == "ended" else "alive"
    search = request.GET.get("q", "").strip()
    found = _visible(request).filter(ended_at__isnull=status == "alive").select_related("account", "metric", "product")
    if search:
        found = found.filter(Q(name__icontains=search) | Q(account__key=search) | Q(account__name__icontains=search))
    rows = Paginator(found.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": rows, "found": shown(list(rows), account_ids=_seen(request), at=timezone.now()), "q": search,
        "status": status, "may_set": request.user.has_perm(actions.ABILITY),
    }  # fmt: skip
    return show(request, "metering/limits.html", context, title="Limits", parts=["rows"])


@require_safe
def limit(request: StaffRequest, pk: int) -> HttpResponse:
    """Show one limit."""
    return _limit_page(request, _found(request, pk), Outcome())


@require_POST
def change(request: StaffRequest, pk: int) -> HttpResponse:
    """Change how much a limit allows, how strict it is, whom it tells."""
    found = _found(request, pk)
    try:
        outcome = perform(request, actions.change_limit, limit=found, **changes_of(request.POST.dict()))
    except DomainError as error:
        outcome = refused(error)
    return _limit_page(request, found, outcome) if not outcome else HttpResponseRedirect(_address(pk))


@require_POST
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Let a limit hold no more."""
    reason = request.POST.get("reason", "").strip()
    return perform_and_go(
        request, actions.end_limit, _address(pk), "It holds no more.", limit=_found(request, pk), reason=reason
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Set a limit; the preview says what it would find in the window of now."""
    typed = request.POST.dict() or {"thresholds": "80, 100", "hold_seconds": "300"} | request.GET.dict()
    accounts = list(accounts_for(request.user, request.environment).order_by("name")[:SHOWN_ACCOUNTS])
    account = next((each for each in accounts if str(each.pk) == typed.get("account")), None)
    metrics = limitable(request.environment.pk)
    metric = next((each for each in metrics if each.key == typed.get("metric")), None)
    products = list(Product.objects.filter(environment=request.environment).order_by("name"))
    product = next((each for each in products if each.key == typed.get("product")), None)
    outcome: Outcome[Any] = Outcome()
    context: dict[str, Any] = {}
    if request.method == "POST":
        outcome, context = _set_or_preview(request, typed, account, accounts, (metric, product))
    if isinstance(outcome.value, Limit):
        return HttpResponseRedirect(_address(outcome.value.pk))
    context |= {
        "typed": typed, "outcome": outcome, "fields": FIELDS, "windows": WINDOWS,
        "accounts": [("", "Each account of its own"), *((each.pk, each.name) for each in accounts)],
        "metrics": [*((each.key, each.name) for each in metrics), *MONEY],
        "products": [("", "All products"), *((each.key, each.name) for each in products)],
    }  # fmt: skip
    return show(request, "metering/limit_new.html", context, title="New limit", crumbs=[_list()], status=outcome.status)


def _set_or_preview(
    request: StaffRequest,
    typed: dict[str, str],
    account: Account | None,
    accounts: list[Account],
    counted: tuple[Metric | None, Product | None],
) -> tuple[Outcome[Any], dict[str, Any]]:
    metric, product = counted
    try:
        content = draft_of(typed, metric, product)
    except DomainError as error:
        return refused(error), {}
    if "preview" not in typed:
        outcome = perform(
            request, actions.set_limit, environment=request.environment, account=account, content=content
        )  # fmt: skip
        return outcome, {}
    if metric is None:
        return Outcome(), {"is_money": content.kind != Limit.Kind.QUANTITY}
    planned = Limit(
        environment=request.environment, account=account, metric=metric, window=content.window, match=content.match,
        most=content.most,
    )  # fmt: skip
    found = preview(planned, [account] if account else accounts, at=timezone.now())
    rows = [(each, widths(each.spent, each.spent - each.spent, content.most)) for each in found[:PREVIEWED]]
    over = sum(each.spent > content.most for each in found)
    return Outcome(), {"previewed": True, "preview": rows, "over": over, "used": len(found), "unit": unit_of(planned)}


def _limit_page(request: StaffRequest, found: Limit, outcome: Outcome[Any]) -> HttpResponse:
    now, ids = timezone.now(), _seen(request)
    counters = counters_of(found, ids)
    rows = Paginator(counters, RECENT).get_page(request.GET.get("page"))
    accounts = sorted({each.account_id for each in rows})
    context = {
        "limit": found, "now": shown([found], account_ids=ids, at=now)[0], "rows": rows, "at": now,
        "counters": [(each, widths(each.spent, each.held, each.allowed(found))) for each in rows],
        "breaches": breaches_of(counters)[:RECENT], "alerts": alerts_of(counters)[:RECENT],
        "holds": holds_of(found, accounts, now)[:RECENT] if found.metric_id else (),
        "may_set": found.ended_at is None and actions.may_set(request.user, found),
        "typed": typed_of(found) | (request.POST.dict() if outcome.errors else {}), "outcome": outcome,
    }  # fmt: skip
    return show(request, "metering/limit.html", context, title=found.name, crumbs=[_list()], status=outcome.status)


def _visible(request: StaffRequest) -> Any:
    found, ids = Limit.objects.filter(environment=request.environment), _seen(request)
    return found if ids is None else found.filter(Q(account__in=ids) | Q(account=None))


def _seen(request: StaffRequest) -> Ids:
    """List the accounts that this person sees; None for all of them."""
    if sees_all_customers(request.user):
        return None
    return list(accounts_for(request.user, request.environment).values_list("pk", flat=True))


def _found(request: StaffRequest, pk: int) -> Limit:
    seen = None if sees_all_customers(request.user) else accounts_for(request.user, request.environment)
    return limit_named(request.environment, pk, seen)


def _address(pk: int) -> str:
    return reverse("console:limit", args=[pk])


def _list() -> tuple[str, str]:
    return "Limits", reverse("console:limits")


pages = [
    path("limits/", page("metering.read")(limits), name="limits"),
    path("limits/new/", page(actions.ABILITY)(new), name="limit_new"),
    path("limits/<int:pk>/", page("metering.read")(limit), name="limit"),
    path("limits/<int:pk>/change/", page(actions.ABILITY)(change), name="limit_change"),
    path("limits/<int:pk>/end/", page(actions.ABILITY)(end), name="limit_end"),
]
