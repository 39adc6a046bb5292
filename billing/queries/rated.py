"""What a contract's period comes to, by the same calls for drafts, previews and the customer's page.

Reads terms, balances and usage, calls the pure rules in the order of the rules, and saves nothing. The invoice of the
period's usage bears everything but purchases of prepaid commits, which have one of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar

from django.db import DatabaseError

from billing.queries.balances import opening_balances
from billing.queries.due import Due
from billing.queries.purchases import purchase_fees
from billing.queries.ratings import Rated, SoFar
from billing.queries.rests import with_rests
from billing.queries.taxed import tax_of, tax_point
from billing.queries.used import used_in, used_in_all
from billing.rules.bill import bill
from billing.rules.lifecycle import Kind
from billing.rules.totals import totals
from catalog.models import Contract
from catalog.queries import Shelf, period_of, terms_for
from catalog.rules.terms import Terms
from metering.queries import marks
from metering.rules.quantities import UsageRow
from monetization.values.money import total_of
from monetization.values.periods import Period

__all__ = ["Rated", "SoFar", "attempted", "rated", "rated_all", "so_far", "usage_of"]
T = TypeVar("T")


def rated(*, contract: Contract, period: Period, kind: str = Kind.USAGE.value) -> Rated:
    """Rate a period of a contract, or what it buys on a day. Raises DomainError where no terms are in force."""
    (found,) = rated_all([Due(contract, period, kind)])
    if isinstance(found, Exception):
        raise found
    return found


def rated_all(dues: Sequence[Due]) -> list[Rated | Exception]:
    """Rate many periods of contracts of one environment; what went wrong with one stands in its place.

    All is read in a number of queries that grows with the tables and the different cuts of time, not with the dues.
    None may rest on another one's balances.
    """
    shelf = Shelf(each.contract for each in dues)
    balances = opening_balances([(each.contract, each.period) for each in dues], shelf)
    known = marks([each.contract.account_id for each in dues])  # before the usage, so that it can only be behind
    terms = [attempted(partial(_terms, *each, shelf)) for each in zip(dues, balances, strict=True)]
    usage = usage_of(dues, terms)
    return [
        found if isinstance(found, Exception) else attempted(partial(_rated, due, found, used, known, shelf))
        for due, found, used in zip(dues, terms, usage, strict=True)
    ]


def _terms(due: Due, balances: Mapping[str, Decimal], shelf: Shelf) -> Terms:
    if due.kind == Kind.COMMIT.value:
        return of_purchases(due.contract, due.period, shelf)
    terms = terms_for(contract=due.contract, period=due.period, balances=balances, shelf=shelf)
    return replace(terms, discounts=with_rests(due.contract, due.period, terms.discounts))


def usage_of(dues: Sequence[Due], terms: Sequence[Terms | Exception]) -> list[list[UsageRow] | Exception]:
    """Measure all together; where that is refused, one by one, so that each bears its own fault."""
    wanted = [
        (due.contract.account_id, found)
        for due, found in zip(dues, terms, strict=True)
        if not isinstance(found, Exception)
    ]
    together = attempted(partial(used_in_all, wanted))
    each = iter([attempted(partial(used_in, *one)) for one in wanted] if isinstance(together, Exception) else together)
    return [[] if isinstance(found, Exception) else next(each) for found in terms]


def _rated(due: Due, terms: Terms, usage: list[UsageRow] | Exception, known: Mapping[int, int], shelf: Shelf) -> Rated:
    if isinstance(usage, Exception):
        raise usage
    return billed(due.contract, terms, usage, shelf, known.get(due.contract.account_id, 0))


def billed(contract: Contract, terms: Terms, usage: Sequence[UsageRow], shelf: Shelf, mark: int = 0) -> Rated:
    """Make what an invoice says of terms and usage: the bill, its tax, its totals."""
    made = bill(terms, usage)
    taxes = tax_of(contract, made.lines, tax_point(terms.period, terms.zone), shelf)
    tax = total_of(line.amount for line in taxes.lines)
    return Rated(terms, made, taxes, totals([made.net], [tax], terms.currency), mark)


def so_far(*, contract: Contract, at: datetime) -> SoFar:
    """Rate the contract's period that an instant lies in."""
    period = period_of(contract, at)
    found = rated(contract=contract, period=period)
    return SoFar(period, found.bill, found.taxes, found.totals)


def of_purchases(contract: Contract, day: Period, shelf: Shelf) -> Terms:
    """Keep what is bought on a day: no usage, discount, minimum or balance has a part in it."""
    terms = terms_for(contract=contract, period=period_of(contract, day.starts_at), shelf=shelf)
    return replace(
        terms, period=day, full_period=day, segments=(), fees=purchase_fees(contract, terms, day, shelf), discounts=(),
        minimums=(), maximums=(), instruments=(),
    )  # fmt: skip


def attempted(act: Callable[[], T]) -> T | Exception:
    """Give what an act gives, or how it failed; a fault of the database ends the transaction, so it isn't kept."""
    try:
        return act()
    except DatabaseError:
        raise
    except Exception as error:
        return error
