"""Minimums and maximums that can't hold together."""

from collections.abc import Collection, Iterable
from datetime import date

from catalog.models import AgreedBound, Contract, Product
from monetization.values.errors import DomainError, Invalid


def crossing_errors(contract: Contract, bound: AgreedBound, products: Collection[Product]) -> Iterable[DomainError]:
    """Refuse a maximum below a minimum of the same products on any day, whichever of them is new."""
    mine = {product.pk for product in products}
    for other in contract.bounds.exclude(pk=bound.pk).exclude(kind=bound.kind).prefetch_related("products"):
        if {product.pk for product in other.products.all()} == mine and _share_a_day(bound, other):
            low, high = sorted((bound, other), key=lambda each: each.kind == AgreedBound.Kind.MAXIMUM)
            if high.amount < low.amount:
                other_kind = AgreedBound.Kind(other.kind).label.lower()
                message = f"The maximum would lie below the minimum: {other} is a {other_kind} of the same products"
                yield Invalid(message, field="amount", fix="Choose another amount, or days that they don't share")


def _share_a_day(one: AgreedBound, other: AgreedBound) -> bool:
    first = max(one.start_date or date.min, other.start_date or date.min)
    return first <= min(one.end_date or date.max, other.end_date or date.max)
