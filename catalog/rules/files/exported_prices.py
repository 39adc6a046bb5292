"""A rate card version as the rows of a file that says the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from catalog.rules.drafts import PLAIN, ChargeDraft, ChargeTerms, PriceDraft
from catalog.rules.files.previews import cell_of
from catalog.rules.files.price_columns import OF_CHARGE, PRICES
from catalog.rules.tariffs import Tariff, WrittenModel
from catalog.rules.written import OF_TIERS, said_of

Cells = dict[str, str]


def rows_of(charges: Sequence[ChargeDraft]) -> list[Cells]:
    """Write a row for each price, or for each of its tiers; how a product counts stands in its first row."""
    found: list[Cells] = []
    for charge in charges:
        rows = [row for price in charge.prices for row in _rows(charge, price)]
        if rows:
            rows[0] |= _settings(charge.terms)
        found += rows
    return found


def _rows(charge: ChargeDraft, price: PriceDraft) -> Iterator[Cells]:
    place = {"product": charge.product, "metric": charge.metric, "currency": price.currency}
    place |= {f"{PRICES.others}{key}": value for key, value in price.match.items()}
    yield from (place | row for row in tariff_rows(price.tariff))


def tariff_rows(tariff: Tariff) -> Iterator[Cells]:
    """Write what something costs: a row, or one for each tier."""
    said, model = said_of(tariff), tariff.model
    alone = _cells({name: value for name, value in said.items() if name != "tiers"})
    tiers: Sequence[dict[str, Any]] = said["tiers"] or ({},)
    for tier in tiers:
        shown = {name: tier.get(name) for name in OF_TIERS.get(model, ())}
        if model is not WrittenModel.TIERED_FLAT and not shown.get("flat_fee"):
            shown.pop("flat_fee", None)
        yield alone | _cells(shown)


def _cells(said: dict[str, Any]) -> Cells:
    """Write members as cells; no is what an empty one says."""
    return {name: cell_of(value) for name, value in said.items() if value is not None and value is not False}


def _settings(terms: ChargeTerms) -> Cells:
    said = {name: getattr(terms, name) for name in OF_CHARGE if getattr(terms, name) != getattr(PLAIN, name)}
    return {name: cell_of(value.value if isinstance(value, StrEnum) else value) for name, value in said.items()}
