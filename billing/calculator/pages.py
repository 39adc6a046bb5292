"""The calculator's page of the console: a form and its answer; nothing is kept."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.calculator.asked import FIRST, Asked, of_account, of_example, of_form, of_text
from billing.calculator.examples import EXAMPLES
from billing.calculator.fields import CURRENCIES, charges_of, ids_of, whole_of, with_charge, without_charge
from billing.calculator.forms import MODELS, TIERED
from billing.calculator.members import PATH
from billing.own_terms import AccountBody, quoted_account
from catalog.models import Contract
from monetization.foundation.console import page, show
from monetization.foundation.queries import accounts_for
from monetization.foundation.web import StaffRequest

MOST_ACCOUNTS = 1000
BUTTONS = ("csrfmiddlewaretoken", "add", "remove")
PARTS = ("answer", "calculator")


@page("billing.read")
@require_http_methods(["GET", "HEAD", "POST"])
def calculator(request: StaffRequest) -> HttpResponse:
    """Show what terms come to; of a form, pasted JSON, an example, or an account."""
    asked = _asked(request)
    context = {
        "asked": asked, "outcome": asked.outcome, "charges": charges_of(asked.typed), "whole": whole_of(asked.typed),
        "ids": ids_of(asked.typed),
        "models": MODELS, "tiered": TIERED, "currencies": _currencies(asked), "examples": EXAMPLES,
        "example": request.GET.get("example", ""), "accounts": _accounts(request),
        "account": request.GET.get("account", ""), "address": request.build_absolute_uri(reverse("api_quotes")),
        "fields": " ".join(asked.typed),
    }  # fmt: skip
    return show(
        request, "billing/calculator.html", context, title="Calculator", parts=PARTS, status=asked.outcome.status
    )


def _asked(request: StaffRequest) -> Asked:
    now, sent = timezone.now(), request.POST
    if request.method != "POST":
        key = request.GET.get("account")
        return _of_account(request, key) if key else of_example(request.GET.get("example", FIRST), now.date())
    if "load" in sent:
        return of_text(sent.get("json", ""), now.date())
    typed = {name: str(text) for name, text in sent.items() if PATH.fullmatch(name) and name not in BUTTONS}
    if "add" in sent:
        typed = with_charge(typed)
    if "remove" in sent:
        typed = without_charge(typed, sent.get("remove", ""))
    return of_form(typed, now.date())


def _of_account(request: StaffRequest, key: str) -> Asked:
    """Answer for an account. Raises NotFound for one that isn't theirs."""
    at, body = timezone.now(), AccountBody(account=key)
    accounts = accounts_for(request.user, request.environment)
    name = accounts.filter(key=key).values_list("name", flat=True).first() or key
    return of_account(body, name, lambda: quoted_account(body, accounts, at))


def _accounts(request: StaffRequest) -> list[tuple[str, str]]:
    """List the accounts that have a contract."""
    rows = Contract.objects.filter(account__in=accounts_for(request.user, request.environment), status="APPROVED")
    found = rows.order_by("account__name").values_list("account__key", "account__name").distinct()
    return list(found[:MOST_ACCOUNTS])


def _currencies(asked: Asked) -> tuple[str, ...]:
    chosen: Any = asked.typed.get("currency", "")
    return CURRENCIES if not chosen or chosen in CURRENCIES else (chosen, *CURRENCIES)


pages = [path("calculator/", calculator, name="calculator")]
