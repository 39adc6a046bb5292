"""An account's own terms as a quote: which contract, which days, and what is said to be used in them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec
from django.db.models import QuerySet

from billing.queries.quotes import Used, last_closed, on_own_terms, span_between
from billing.quotes import bounded
from billing.rules.quotes.bodies import DaysBody
from billing.rules.quotes.moments import day_in
from billing.rules.quotes.quote import Quoted
from catalog.models import Contract
from monetization.foundation.models import Account
from monetization.values.errors import Invalid, NotFound
from monetization.values.periods import DAY, local_date

MOST_DAYS = 400


class UsedBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What somebody uses of a charge in the whole period."""

    charge: str
    quantity: Decimal
    dimensions: dict[str, str] = {}


class AccountBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """An account's own terms: those of `contract`, else of the one in force."""

    account: str
    contract: str | None = None
    period: DaysBody | None = None
    usage: list[UsedBody] | None = None
    booked: Decimal = Decimal(0)


class _Peek(msgspec.Struct):
    """Whether a body names an account."""

    account: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


account_decoder = msgspec.json.Decoder(AccountBody)
_peek = msgspec.json.Decoder(_Peek)


def names_account(raw: bytes) -> bool:
    """Say whether a body is about an account's own terms; what is no JSON object is not."""
    try:
        return _peek.decode(raw).account is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def quoted_account(body: AccountBody, accounts: QuerySet[Account], at: datetime) -> tuple[Contract, Quoted]:
    """Rate an account's own terms; give the contract too. Raises Invalid, naming the member; NotFound."""
    bounded(body, len(body.usage or ()))
    account = accounts.filter(key=body.account).first()
    if account is None:
        raise NotFound("There is no such account", field="account", fix="Use the key of one that you may see")
    days = _days(body.period) if body.period else None
    contract = _contract(account, body, days, at)
    span = span_between(contract, *days) if days else last_closed(contract, at)
    used = None if body.usage is None else [Used(u.charge, tuple(u.dimensions.items()), u.quantity) for u in body.usage]
    return contract, on_own_terms(contract, span, used)


def _contract(account: Account, body: AccountBody, days: tuple[date, date] | None, at: datetime) -> Contract:
    """Find the contract that is named, or that serves the days, or is in force now, or was the last to be."""
    rows = Contract.objects.filter(account=account, status="APPROVED").select_related("account", "legal_entity")
    if body.contract is not None:
        found = rows.filter(key=body.contract).first()
        if found is None:
            raise NotFound("The account has no such contract in force", field="contract", fix="Leave it out")
        return found
    today = local_date(at, account.time_zone)
    first, until = days or (today, today + DAY)
    begun = rows.filter(start_date__lt=until).order_by("-start_date")
    found = next((each for each in begun if each.served_until is None or each.served_until >= first), None)
    found = found or (None if days else begun.first())
    if found is None:
        raise NotFound("The account has no contract for these days", field="account", fix="Agree on one first")
    return found


def _days(body: DaysBody) -> tuple[date, date]:
    start, last = day_in(body.start_date, "period.start_date"), day_in(body.end_date, "period.end_date")
    if last < start:
        raise Invalid("The last day lies before the first", field="period.end_date", fix=f"Choose {start} or later")
    if (last - start).days > MOST_DAYS:
        raise Invalid("The period is too long", field="period.end_date", fix=f"At most {MOST_DAYS} days")
    return start, last + DAY
