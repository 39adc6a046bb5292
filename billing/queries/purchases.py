"""Prepaid commits as they are bought: a line for each amount, on an invoice of its own for the day on which it is due.

Value is taxed once: a purchase is taxed when it is invoiced, and drawing on it lowers the taxed base. That needs one
tax category for all that it can pay for; where there are several, the purchase can't be invoiced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.rules.scopes import covers, named
from catalog.models import Contract
from catalog.queries import Shelf, amended, scope_of
from catalog.rules.fees import FeeTerms, one_time_fee
from catalog.rules.terms import Fee, Source, Terms
from monetization.values.errors import Invalid
from monetization.values.periods import Period, local_date, service_period

PURCHASE = "purchase:"
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Bought:
    """An amount that is billed on a local day for a commit, or for a prepaid instrument of its own."""

    row_id: int
    of: Any
    amount: Decimal
    date: date


def bought_in(contract: Contract, shelf: Shelf) -> Iterator[Bought]:
    """Yield all that a contract buys, as amended; what has no schedule is billed on its first day."""
    known = amended(shelf.contract(contract), always=shelf.always(contract))
    own = [row for row in known.held(shelf.instruments(contract)) if row.contract_id == contract.pk and row.invoiced]
    commits = {each.commit.pk: each.commit for each in own if each.commit is not None}
    for commit in commits.values():
        yield from (Bought(row.pk, commit, row.amount, row.date) for row in commit.purchases.all())
    for each in own:
        if each.commit is None and each.rolled_from_id is None:
            yield Bought(each.pk, each, each.invoiced, each.start_date)


def purchase_days(contract: Contract, until: datetime, shelf: Shelf) -> list[Period]:
    """List the days on which something is bought, those that have begun before an instant."""
    zone = contract.account.time_zone
    days = {each.date for each in bought_in(contract, shelf)}
    found = [service_period(day, day, zone) for day in sorted(days)]
    return [period for period in found if period.starts_at < until]


def purchase_fees(contract: Contract, terms: Terms, day: Period, shelf: Shelf) -> tuple[Fee, ...]:
    """Make the fees of what is bought on a day. Raises Invalid where its value would be taxed in several ways."""
    on = local_date(day.starts_at, terms.zone)
    return tuple(_fee(contract, each, terms) for each in bought_in(contract, shelf) if each.date == on)


def _fee(contract: Contract, bought: Bought, terms: Terms) -> Fee:
    products = list(bought.of.products.all())
    scope = scope_of(bought.of)
    categories = {each.tax_category for each in named(terms) if covers(scope, each)}
    categories |= {product.tax_category for product in products}
    if len(categories) != 1:
        raise Invalid(
            f"{bought.of} can pay for lines of {len(categories)} tax categories, so its purchase can't be taxed",
            fix="Agree one commit for the products of each tax category",
        )
    fee = FeeTerms(
        row_id=bought.row_id, key=f"{PURCHASE}{bought.of.key}",
        product=products[0].key if len(products) == 1 else "", name=bought.of.name, tax_category=categories.pop(),
        tags=frozenset(), unit_price=bought.amount, quantity=ONE,
        source=Source(contract.key, 0, 0),
    )  # fmt: skip
    return one_time_fee(fee, bought.date, currency=contract.currency, zone=terms.zone)
