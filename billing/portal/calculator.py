"""What other usage would cost: quantities as last used, to be changed, and the invoice that they make on own terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from billing.calculator.shown import bill_of
from billing.portal.frame import show
from billing.queries.quotes import in_force
from billing.queries.tried import Choice, Tried, choices, tried
from monetization.foundation.portal import PortalScope, portal_view
from monetization.foundation.web import Outcome, number_in, refused
from monetization.values.errors import DomainError, Invalid, Invalids
from monetization.values.money import EXACT, plain

MOST = Decimal(10) ** 15
PLACES = 12
SHOWN = 40
TIMES = (("0.5", "half"), ("1", "as last time"), ("1.1", "10 % more"), ("2", "twice"), ("10", "ten times"))


@dataclass(frozen=True, slots=True)
class Line:
    """An input and its text."""

    row: Tried
    text: str
    number: int

    @property
    def is_changed(self) -> bool:
        """Whether it says another quantity than was used."""
        return self.text != plain(self.row.used)


@portal_view
def calculator(request: HttpRequest, scope: PortalScope) -> HttpResponse:
    """Show what quantities would cost on the contract in force."""
    contract = in_force(scope.account, timezone.now())
    choice = choices(contract, timezone.now()) if contract else None
    if contract is None or choice is None:
        return show(request, scope, "calculator", "calculator", contract=None)
    outcome: Outcome[Any] = Outcome()
    try:
        outcome = Outcome(bill_of(tried(choice, _units(request, choice))))
    except DomainError as error:
        outcome = refused(error)
    return show(
        request, scope, "calculator", "calculator", contract=contract, choice=choice, outcome=outcome,
        bill=outcome.value, times=TIMES, factor=request.GET.get("times", ""), **_lines(request, choice),
    )  # fmt: skip


def _units(request: HttpRequest, choice: Choice) -> dict[str, Decimal]:
    """Read the quantities; those that aren't sent are as last used. Raises Invalids."""
    factor = _factor(request)
    found, errors = {}, []
    for row in choice.rows:
        try:
            found[row.key] = _units_of(request.GET, row, factor)
        except Invalid as error:
            errors.append(error)
    if errors:
        raise Invalids(errors)
    return found


def _units_of(sent: Mapping[str, str], row: Tried, factor: Decimal) -> Decimal:
    text = sent.get(row.key)
    value = EXACT.multiply(row.used, factor) if text is None else number_in(text, row.key) or Decimal(0)
    places = -int(value.as_tuple().exponent) if value else 0
    if not 0 <= value <= MOST or (text is not None and places > PLACES):
        raise Invalid("This is no quantity", field=row.key, fix=f"From 0 to {MOST:,}, at most {PLACES} decimals")
    return value


def _factor(request: HttpRequest) -> Decimal:
    known = {name: Decimal(name) for name, _ in TIMES}
    return known.get(request.GET.get("times", ""), Decimal(1))


def _lines(request: HttpRequest, choice: Choice) -> dict[str, Any]:
    """Show what was used or is tried, the most at first; what else has a price can be added."""
    named, factor = {*request.GET, request.GET.get("add", "")}, _factor(request)
    used = [row.key for row in choice.rows if row.used]
    inside = {*used[:SHOWN], *named}
    rows = sorted((row for row in choice.rows if row.key in inside), key=lambda row: (row.name, row.charge))
    texts = [request.GET.get(row.key, plain(EXACT.multiply(row.used, factor))) for row in rows]
    return {
        "lines": [Line(*each) for each in zip(rows, texts, range(len(rows)), strict=True)],
        "others": [row for row in choice.rows if row.key not in inside and not row.used],
        "as_before": max(len([key for key in used if key not in inside]), 0),
        "added": request.GET.get("add", ""),
    }
