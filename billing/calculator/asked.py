"""What somebody asks the calculator: a form, pasted JSON, an example, or an account; and what it answers."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from billing.calculator.examples import EXAMPLES
from billing.calculator.forms import body_of, fits, place_of, typed_of
from billing.calculator.members import written
from billing.calculator.shown import ShownBill, bill_of
from billing.own_terms import AccountBody
from billing.quotes import read
from billing.rules.quotes.quote import Quoted, quote
from catalog.models import Contract
from monetization.foundation.web import Outcome, refused
from monetization.values.errors import DomainError
from monetization.values.money import round_once, total_of

FIRST = "tokens"
MOST_BILLS = 36


@dataclass
class Asked:
    """The form as typed, or the text where a body says more than the form can; the answer or the refusals."""

    typed: dict[str, str] = field(default_factory=dict)
    text: str = ""
    written: str = ""
    title: str = ""
    contract: Contract | None = None
    outcome: Outcome[Any] = field(default_factory=Outcome)
    bills: list[ShownBill] = field(default_factory=list)

    @property
    def total(self) -> Any:
        """What all periods come to."""
        return round_once(total_of(each.total for each in self.bills), self.bills[0].currency) if self.bills else None


def of_example(name: str, today: date) -> Asked:
    """Answer an example; the first where there is none of that name."""
    title, body = EXAMPLES.get(name, EXAMPLES[FIRST])
    start = today.replace(day=1)
    last = start.replace(day=monthrange(start.year, start.month)[1])
    period = {"start_date": start.isoformat(), "end_date": last.isoformat()}
    return of_text(msgspec.json.encode({**body, "period": period}).decode(), today)


def of_form(typed: Mapping[str, str], today: date) -> Asked:
    """Answer a form; its refusals are named by its inputs."""
    body = body_of(typed)
    asked = Asked(typed=dict(typed), written=msgspec.json.format(msgspec.json.encode(body), indent=2).decode())
    try:
        found = read(msgspec.json.encode(body), today)
        asked.written = written(found)
        asked.bills = [bill_of(each) for each in quote(found, today)]
    except DomainError as error:
        asked.outcome = refused(_placed(error, body))
    return asked


def of_text(text: str, today: date) -> Asked:
    """Answer a body as JSON; where the form can hold it, it is in the form."""
    asked = Asked(text=text)
    try:
        body = read(text.encode(), today)
        asked.written = written(body)
        asked.bills = [bill_of(each) for each in quote(body, today)[:MOST_BILLS]]
        if fits(body, today):
            asked.typed, asked.text = typed_of(body), ""
    except DomainError as error:
        asked.outcome = refused(error)
    return asked


def of_account(body: AccountBody, title: str, rate: Callable[[], tuple[Contract, Quoted]]) -> Asked:
    """Answer for an account's own terms."""
    asked = Asked(title=title, written=written(body))
    try:
        asked.contract, found = rate()
        asked.bills = [bill_of(found)]
    except DomainError as error:
        asked.outcome = refused(error)
    return asked


def _placed(error: DomainError, body: Mapping[str, Any]) -> DomainError:
    error.field = place_of(error.field or "", body)
    return error
