"""Commits and credits, from their rows to frozen terms.

An instrument goes by its own key, which its account has once. Balances are billing's: it gives them in, and an
instrument that it doesn't name has its whole amount.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.models import Contract, Instrument
from catalog.queries.shelf import Shelf
from catalog.rules import agreed
from catalog.rules.agreed import InstrumentKind, Scope
from monetization.values.periods import Period, service_period


def instruments_serving(contract: Contract, period: Period, shelf: Shelf | None = None) -> list[Instrument]:
    """List the commits and credits that lines of a contract's period may draw on, in the order of their ids."""
    zone = contract.account.time_zone
    rows = (shelf or Shelf()).instruments(contract)
    return [row for row in rows if access(row, zone).overlap(period) is not None]


def access(instrument: Instrument, zone: str) -> Period:
    """Give the instants in which an instrument may be drawn."""
    return service_period(instrument.start_date, instrument.end_date, zone)


def instrument_terms(row: Instrument, balances: Mapping[str, Decimal], zone: str) -> agreed.Instrument:
    """Give an instrument as the rating reads it."""
    return agreed.Instrument(
        id=row.key, kind=InstrumentKind(row.kind.lower()), balance=balances.get(row.key, row.amount),
        period=access(row, zone), original=row.amount, invoiced=row.invoiced, priority=row.priority,
        scope=scope_of(row),
    )  # fmt: skip


def scope_of(row: Any) -> Scope:
    """Give what a row's products narrow it to."""
    return Scope(products=frozenset(product.key for product in row.products.all()))
