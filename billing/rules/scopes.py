"""Scopes: which lines a discount, a minimum, a cap or an instrument is for."""

from __future__ import annotations

from enum import StrEnum

from catalog.rules.agreed import Named, Scope, fits
from catalog.rules.terms import Terms


class LineKind(StrEnum):
    """What a line is for; the order is that of the lines."""

    USAGE = "usage"
    RECURRING = "recurring"
    ONE_TIME = "one_time"
    COMPOSITE = "composite"
    TRUE_UP = "true_up"
    DISCOUNT = "discount"
    CAP = "cap"
    DRAWDOWN = "drawdown"


def covers(scope: Scope, thing: Named) -> bool:
    """Say whether a thing's lines are in scope, whatever values they name."""
    match = scope.dimensions
    return fits(scope, charge=thing.key, product=thing.product, tags=thing.tags, kind=thing.kind, match=match)


def named(terms: Terms) -> list[Named]:
    """List all that lines can be made of, in order."""
    if terms.things:
        return list(terms.things)
    charges = {charge.slot: charge for segment in terms.segments for charge in segment.charges}
    kinds = {True: LineKind.RECURRING, False: LineKind.ONE_TIME}
    return [
        *(Named(c.slot, c.product, c.name, c.tax_category, c.tags, LineKind.USAGE) for c in charges.values()),
        *(Named(f.key, f.product, f.name, f.tax_category, f.tags, kinds[f.recurring]) for f in terms.fees),
        *(Named(c.key, c.product, c.name, c.tax_category, c.tags, LineKind.COMPOSITE) for c in terms.composites),
    ]
