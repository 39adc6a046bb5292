"""What is wrong with own prices in a file, seen from the list that they are before; of new contracts too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog.actions.imports.contract_places import Places
from catalog.actions.own_errors import listed
from catalog.actions.tariff_columns import as_written
from catalog.models import Contract
from catalog.rules.agreed import Scope
from catalog.rules.cards import CardPrice
from catalog.rules.overrides import Multiplier, factor_errors, in_scope
from catalog.rules.tariffs import NOWHERE
from catalog.rules.terms import Charge, dims_of
from catalog.rules.validate import row_errors
from monetization.values.errors import DomainError, Invalid
from monetization.values.periods import Period

PRODUCTS = ("product", "products")


def price_errors(contract: Contract, said: Mapping[str, Any], places: Places, at: datetime) -> Iterator[DomainError]:
    """Refuse a price that doesn't hold together, or of what the card doesn't sell."""
    charge = next((each for each in _list_of(contract, places, at) if each.product == said["product"]), None)
    if charge is None:
        fix = "Choose a product of the contract's rate card"
        yield Invalid(f"{said['product']} isn't on {contract.rate_card}", field="product", fix=fix)
        return
    tariff = said["tariff"]
    price = tariff.price(0, "", dims_of(said["match"], charge.metric.order), NOWHERE)
    for error in row_errors(CardPrice(contract.currency, price, tariff.model), charge.metric, ""):
        yield as_written(error, tariff.model)


def multiplier_errors(
    contract: Contract, said: Mapping[str, Any], places: Places, at: datetime
) -> Iterator[DomainError]:
    """Refuse what is no factor, and one that no price of the list would ever be multiplied by."""
    yield from factor_errors(said["factor"], "factor")
    scope = Scope(
        products=frozenset(said.get("products", ())),
        tags=frozenset(said.get("tags", ())),
        dimensions=tuple(said["match"].items()),
    )
    rule = Multiplier(said["key"], said["factor"], Period(at, None), scope)
    charges = _list_of(contract, places, at)
    if not any(in_scope(rule, charge, price) for charge in charges for price in charge.prices):
        fix = "Name what its prices are for, in the words that they use"
        yield Invalid(f"No price of {contract.rate_card} is in this scope", field="products", fix=fix)


def _list_of(contract: Contract, places: Places, at: datetime) -> Sequence[Charge]:
    """Give the list that prices a contract, read once for all contracts of the same list and days."""
    key = (
        contract.rate_card_id, contract.pinned_version_id, contract.pinned_until, contract.currency,
        contract.start_date, contract.account.time_zone,
    )  # fmt: skip
    if key not in places.lists:
        places.lists[key] = listed(contract, at)
    return places.lists[key]
