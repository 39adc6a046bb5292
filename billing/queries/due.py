"""Which invoices a contract still wants: one of its usage for each period, one for each day on which it buys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.models import Invoice
from billing.queries.purchases import purchase_days
from billing.rules.lifecycle import Kind
from catalog.models import Contract
from catalog.queries import Shelf, periods_of
from monetization.foundation.models import Environment
from monetization.values.periods import Period

PAGE = 500


@dataclass(frozen=True, slots=True)
class Due:
    """An invoice to be rated: a period of a contract, or a day of its purchases."""

    contract: Contract
    period: Period
    kind: str = Kind.USAGE.value

    @property
    def place(self) -> tuple[datetime, int, str]:
        """What orders dues: those of earlier periods come first, for balances are drawn in that order."""
        return self.period.starts_at, self.contract.pk, self.kind


def dues_of(contracts: Sequence[Contract], at: datetime, shelf: Shelf | None = None) -> list[Due]:
    """List the invoices of started periods that contracts don't have yet, earlier periods first."""
    shelf = shelf or Shelf(contracts)
    rows = Invoice.objects.filter(contract__in=[each.pk for each in contracts])
    known = set(rows.values_list("contract_id", "kind", "period_starts_at"))
    found = [
        due
        for contract in contracts
        for due in _wanted(contract, at, shelf)
        if (contract.pk, due.kind, due.period.starts_at) not in known
    ]
    return sorted(found, key=lambda each: each.place)


def contracts_due(environment: Environment, at: datetime) -> list[int]:
    """List the contracts that want an invoice, in the order of their first period that does.

    Neighbours then have periods in common, and what is read for one of them serves the next.
    """
    first: dict[int, tuple[datetime, str, int]] = {}
    for page in _pages(environment):
        for due in reversed(dues_of(page, at)):
            zone = due.contract.account.time_zone
            first[due.contract.pk] = (due.period.starts_at, zone, due.contract.pk)
    return sorted(first, key=first.__getitem__)


def _pages(environment: Environment) -> Iterator[list[Contract]]:
    rows = Contract.objects.filter(environment=environment, status="APPROVED").select_related("account").order_by("pk")
    last = 0
    while page := list(rows.filter(pk__gt=last)[:PAGE]):
        yield page
        last = page[-1].pk


def _wanted(contract: Contract, at: datetime, shelf: Shelf) -> Iterator[Due]:
    yield from (Due(contract, day, Kind.COMMIT.value) for day in purchase_days(contract, at, shelf))
    yield from (Due(contract, period) for period in periods_of(contract, at))
