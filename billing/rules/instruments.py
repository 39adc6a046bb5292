"""Commits and credits: which lines they may cover, and in which order they are drawn.

Order: rolled-over first → credits and prepaid → postpaid; then lower priority → zero cost basis first → fewer things in
scope (no scope is the widest) → earlier end → earlier start → id.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from catalog.rules.agreed import Dims, Instrument, InstrumentKind, Scope

NEVER = datetime.max.replace(tzinfo=UTC)
Order = tuple[bool, bool, int, bool, int, datetime, datetime, str]


def in_order(instruments: Iterable[Instrument]) -> list[Instrument]:
    """Sort instruments into the order in which they are drawn."""
    return sorted(instruments, key=_order)


def fits(scope: Scope, *, charge: str, product: str, tags: frozenset[str], kind: str, match: Dims = ()) -> bool:
    """Say whether a line is in scope."""
    return (
        (not scope.charges or charge in scope.charges)
        and (not scope.products or product in scope.products)
        and (not scope.tags or bool(tags & scope.tags))
        and (not scope.kinds or kind in scope.kinds)
        and set(scope.dimensions) <= set(match)
    )


def width(scope: Scope) -> int:
    """Count what a scope names; one that names nothing is the widest."""
    if scope.is_all:
        return 1_000_000
    named = len(scope.charges) + len(scope.products) + len(scope.tags) + len(scope.kinds)
    return named or 1


def _order(each: Instrument) -> Order:
    postpaid = each.kind is InstrumentKind.POSTPAID
    costs = each.kind is InstrumentKind.PREPAID and each.invoiced > Decimal(0)
    end = each.period.ends_at or NEVER
    return not each.rolled_over, postpaid, each.priority, costs, width(each.scope), end, each.period.starts_at, each.id
