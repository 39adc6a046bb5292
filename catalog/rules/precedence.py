"""The one precedence: which price row a set of dimension values falls to.

The first level with any match wins, then most literal conditions, then the metric's order of dimensions. Two rows
of a level with the same conditions tie, which publishing refuses, so the choice never depends on the order of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from catalog.rules.terms import Dims, Price

Shape = tuple[int, tuple[str, ...]]  # level, named dimensions


class PriceTable:
    """Price rows prepared for looking up: a dictionary per level and set of named dimensions, best first.

    Rank: the level, then most literal conditions, then the metric's order of dimensions.
    """

    def __init__(self, prices: Sequence[Price], order: Sequence[str]) -> None:
        shapes: dict[Shape, dict[tuple[str, ...], Price]] = {}
        for price in prices:
            match = sorted(price.match)
            rows = shapes.setdefault((price.level, tuple(key for key, _ in match)), {})
            rows.setdefault(tuple(value for _, value in match), price)
        self._rows = shapes
        self._shapes = sorted(
            ((keys, rows, _rank(level, keys, order)) for (level, keys), rows in shapes.items()),
            key=lambda item: item[2],
            reverse=True,
        )

    def choose(self, dims: Dims) -> Price | None:
        """Pick the row for these dimension values; None where no row covers them."""
        values = dict(dims)
        for keys, rows, _ in self._shapes:
            price = rows.get(tuple(values.get(key, "") for key in keys))
            if price is not None:
                return price
        return None

    def row(self, like: Price) -> Price | None:
        """Give the row of a price's level with exactly its conditions."""
        pairs = sorted(like.match)
        rows = self._rows.get((like.level, tuple(key for key, _ in pairs)), {})
        return rows.get(tuple(value for _, value in pairs))


def choose(prices: Sequence[Price], dims: Dims, order: Sequence[str]) -> Price | None:
    """Pick the row for these dimension values; None where no row covers them."""
    return PriceTable(prices, order).choose(dims)


def ties(prices: Sequence[Price], order: Sequence[str]) -> list[tuple[Price, Price]]:
    """List pairs of rows that some event would match with equal rank.

    The order tells any two sets of dimensions apart, so only rows of a level with the very same conditions
    tie. Dimensions outside the order are no conditions (and are refused by themselves).
    """
    alike: dict[tuple[int, Dims], list[Price]] = {}
    for price in prices:
        known = tuple(sorted(pair for pair in price.match if pair[0] in order))
        alike.setdefault((price.level, known), []).append(price)
    return [pair for rows in alike.values() for pair in combinations(rows, 2)]


def _rank(level: int, keys: Sequence[str], order: Sequence[str]) -> tuple[int, int, tuple[bool, ...]]:
    return -level, len(keys), tuple(key in keys for key in order)
