"""Minimums and maximums that can't hold together."""

from collections.abc import Iterable
from datetime import date
from itertools import combinations

from catalog.models import AgreedBound
from catalog.queries.amended import Amended
from catalog.rules.spans import Days
from monetization.values.errors import DomainError, Invalid


def crossing_errors(known: Amended) -> Iterable[DomainError]:
    """Refuse a maximum below a minimum of the same products on any day."""
    bounds = known.held(known.contract.bounds.prefetch_related("products"))
    for one, other in combinations(bounds, 2):
        low, high = sorted((one, other), key=lambda each: each.kind == AgreedBound.Kind.MAXIMUM)
        crosses = low.kind != high.kind and high.amount < low.amount and _scope(one) == _scope(other)
        if crosses and _meet(known.days("bound", one), known.days("bound", other)):
            fix = "Choose another amount, or days that they don't share"
            message = f"The maximum {high} lies below the minimum {low} of the same products"
            yield Invalid(message, field="amount", fix=fix)


def _scope(bound: AgreedBound) -> set[int]:
    return {product.pk for product in bound.products.all()}


def _meet(one: Days, other: Days) -> bool:
    first = max(one.first or date.min, other.first or date.min)
    return first <= min(one.last or date.max, other.last or date.max)
