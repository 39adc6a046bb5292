"""What some accounts were billed and would have been, as values: read, rated both ways, set beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from billing.queries.due import Due
from billing.queries.looked_at import dues_in
from billing.queries.replayed import Found, replayed
from billing.rules.effects import effect_of
from billing.rules.impacts import Pair
from catalog.models import Contract
from catalog.queries import Proposed, Shelf
from catalog.rules.terms import Terms
from monetization.foundation.models import Account, Environment
from monetization.values.errors import DomainError
from monetization.values.periods import local_date

ZERO = Decimal(0)
MOMENT = timedelta(microseconds=1)


@dataclass(slots=True)
class AccountPairs:
    """An account's invoices both ways, in one currency; ``names`` of its balances by key; what could not be said."""

    account: Account
    currency: str
    pairs: list[Pair] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    is_touched: bool = False


def pairs_of(
    account_ids: Collection[int], environment: Environment, proposed: Proposed, first: date, months: int
) -> list[AccountPairs]:
    """Rate all that accounts had to pay in a time, both ways; those whose terms don't differ are left out.

    All contracts of an account are rated, for they may share balances.
    """
    contracts = list(
        Contract.objects.filter(environment=environment, account__in=account_ids, status="APPROVED")
        .select_related("account__customer", "legal_entity", "environment")
        .order_by("pk")
    )
    now, then = Shelf(contracts), Shelf(contracts, proposed)
    dues = dues_in(contracts, first, months, now)
    before, after = replayed(dues, [now, then])
    found: dict[tuple[int, str], AccountPairs] = {}
    for due, was, is_now in zip(dues, before, after, strict=True):
        account, currency = due.contract.account, due.contract.currency
        row = found.setdefault((account.pk, currency), AccountPairs(account, currency))
        _add(row, due, was, is_now)
        row.names |= {each.key: each.name for each in now.instruments(due.contract)}
    return [row for row in found.values() if row.is_touched]


def _add(row: AccountPairs, due: Due, was: Found, is_now: Found) -> None:
    place = f"{due.contract.key}, {due.period.starts_at:%-d %B %Y}"
    row.troubles += [f"{place}: {words}" for words in _troubles(was, is_now)]
    row.is_touched = row.is_touched or _differ(was, is_now)
    if isinstance(was, Exception) or isinstance(is_now, Exception):
        return
    last = local_date((due.period.ends_at or due.period.starts_at) - MOMENT, due.contract.account.time_zone)
    row.pairs.append(Pair(due.contract.pk, due.contract.currency, last, effect_of(was[1]), effect_of(is_now[1])))


def _troubles(*found: Found) -> Iterator[str]:
    said = []
    for each in found:
        if isinstance(each, DomainError):
            said.append(str(each))
        elif isinstance(each, Exception):
            said.append(f"{type(each).__name__}: {each}")
        elif each[1].unpriced:
            said.append("some usage has no price")
    yield from dict.fromkeys(said)


def _differ(was: Found, is_now: Found) -> bool:
    if isinstance(was, Exception) or isinstance(is_now, Exception):
        return str(was) != str(is_now)
    return _agreed(was[0]) != _agreed(is_now[0])


def _agreed(terms: Terms) -> Terms:
    """Leave out what balances are: they move by themselves."""
    discounts = tuple(replace(each, amount=ZERO) if each.carries else each for each in terms.discounts)
    return replace(terms, instruments=(), discounts=discounts)
