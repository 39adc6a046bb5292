"""Commits and credits: the order in which they are drawn.

Order: rolled-over first → credits and prepaid → postpaid; then lower priority → zero cost basis first → fewer things in
scope (no scope is the widest) → earlier end → earlier start → id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from billing.rules.scopes import covers
from catalog.rules.agreed import Instrument, InstrumentKind, Named

NEVER = datetime.max.replace(tzinfo=UTC)
Order = tuple[int, int, bool, int, datetime, datetime, str]


def in_order(instruments: Iterable[Instrument], everything: Sequence[Named]) -> list[Instrument]:
    """Sort instruments into the order in which they are drawn; ``everything``: what scopes can cover."""
    return sorted(instruments, key=lambda each: _order(each, everything))


def _order(each: Instrument, everything: Sequence[Named]) -> Order:
    first = 0 if each.rolled_over else 2 if each.kind is InstrumentKind.POSTPAID else 1
    widest = len(everything) + 1
    products = {one.product for one in everything if covers(each.scope, one)}
    width = widest if each.scope.is_all else len(products)
    end = each.period.ends_at or NEVER
    return first, each.priority, each.invoiced > Decimal(0), width, end, each.period.starts_at, each.id
