"""Usage sorted for counters: by segment and version, by the row and the counter that it falls to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from catalog.rules.precedence import PriceTable
from catalog.rules.terms import Charge, Dims, MetricTerms, Price
from metering.rules.quantities import UsageRow
from metering.rules.states import State, merged

T = TypeVar("T")


Places = dict[tuple[int, int], list[UsageRow]]  # (segment, metric version) → rows


Sums = dict[tuple[int, Dims], State]  # (metric version, dimension values) → what it comes to so far


Found = list[tuple[Dims, State]]


Selection = tuple[tuple[int, int], Dims]  # place of a row, values of its counter


Priced = dict[Selection, Price]


KEPT = 512  # tables; one of a list of prices is made once, however many contracts follow it
_tables: dict[tuple[int, tuple[str, ...]], tuple[tuple[Price, ...], PriceTable]] = {}  # the rows are held with it


def places(rows: Iterable[UsageRow]) -> Places:
    """Sort usage rows by segment and metric version."""
    found: Places = {}
    for row in rows:
        found.setdefault((row.segment, row.metric_version_id), []).append(row)
    return found


def tables_of(charges: dict[int, Charge]) -> dict[int, PriceTable]:
    """Prepare each segment's rows for looking up; segments and contracts with the very same rows share a table."""
    return {number: _table(charge.prices, charge.metric.order) for number, charge in charges.items()}


def _table(prices: tuple[Price, ...], order: tuple[str, ...]) -> PriceTable:
    key = (id(prices), order)
    known = _tables.get(key)
    if known is not None and known[0] is prices:
        return known[1]
    made = PriceTable(prices, order)
    if len(_tables) >= KEPT:
        _tables.clear()
    _tables[key] = (prices, made)
    return made


def add_rows(sums: Sums, rows: Iterable[UsageRow], metric: MetricTerms) -> None:
    """Merge rows into the sums so far."""
    for row in rows:
        key = (row.metric_version_id, row.dims)
        sums[key] = merged(metric, [sums[key], row.content]) if key in sums else row.content


def by_price(
    table: PriceTable, charge: Charge, items: Iterable[tuple[Dims, T]], prices: Priced
) -> dict[Selection, list[T]]:
    """Sort things by the row and the counter that they fall to; rows met are added to ``prices``."""
    found: dict[Selection, list[T]] = {}
    for dims, item in items:
        price = table.choose(dims)
        if price is not None:
            key = (price.place, _track(charge, dims))
            prices.setdefault(key, price)
            found.setdefault(key, []).append(item)
    return found


def _track(charge: Charge, dims: Dims) -> Dims:
    return tuple(pair for pair in dims if pair[0] in charge.tier_by) if charge.tier_by else ()


def earlier_by_price(table: PriceTable, charge: Charge, before: Sums) -> dict[Selection, dict[int, Found]]:
    """List what each row selects of earlier usage, by metric version."""
    found: dict[Selection, dict[int, Found]] = {}
    for (version, dims), state in before.items():
        price = table.choose(dims)
        if price is not None:
            key = (price.place, _track(charge, dims))
            found.setdefault(key, {}).setdefault(version, []).append((dims, state))
    return found
