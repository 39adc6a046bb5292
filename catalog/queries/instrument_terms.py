"""Commits and credits from their rows to frozen terms.

Balances are billing's: it gives them in, and an instrument that it doesn't name has its whole amount.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.models import CommitPrice, Instrument
from catalog.queries.instruments import access
from catalog.rules import agreed
from catalog.rules.agreed import InstrumentKind, OwnPrice, Scope

ZERO = Decimal(0)


def instrument_terms(row: Instrument, balances: Mapping[str, Decimal], zone: str) -> agreed.Instrument:
    """Give an instrument as the rating reads it."""
    return agreed.Instrument(
        id=row.key, kind=InstrumentKind(row.kind.lower()), balance=balances.get(row.key, row.amount),
        period=access(row, zone), original=row.amount, invoiced=row.invoiced, priority=row.priority,
        rolled_over=row.rolled_from_id is not None, scope=scope_of(row.agreed_as), rolls=rolls(row),
        prices=tuple(_price(each) for each in row.commit.prices.all()) if row.commit is not None else (),
        outlives=row.contract_id is None,
    )  # fmt: skip


def rolls(row: Instrument) -> Decimal:
    """Give the most that rolls over at an instrument's end: where a renewal that says so is approved."""
    into = row.rolled_into.all() if row.pk is not None else ()
    return next((each.amount for each in into if each.contract and each.contract.status == "APPROVED"), ZERO)


def scope_of(row: Any) -> Scope:
    """Give what a row's products, and its tags and dimensions where it has them, narrow it to."""
    return Scope(
        products=frozenset(product.key for product in row.products.all()),
        tags=frozenset(getattr(row, "tags", ())),
        dimensions=tuple(sorted(getattr(row, "dimensions", {}).items())),
    )


def _price(row: CommitPrice) -> OwnPrice:
    return OwnPrice(row.product.key, tuple(sorted(row.match.items())), row.unit_price, row.multiplier)
