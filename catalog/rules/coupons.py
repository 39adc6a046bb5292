"""How long a discount stands: for ever, or for a number of billing periods, of which a stub counts as one.

The amount of one that carries its rest grows by itself with each of its periods; what they leave of it comes off later
invoices, also after the last of them.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from catalog.rules.agreed import Discount
from monetization.values.money import EXACT


def in_period(
    discount: Discount, number: int, periods: int | None, *, carries: bool, taken: Decimal = Decimal(0)
) -> Discount | None:
    """Give a discount as it stands in its period ``number`` (from 0), None where it doesn't; ``taken``: so far."""
    if number < 0:
        return None
    if not carries:
        return discount if periods is None or number < periods else None
    whole = EXACT.multiply(discount.amount, Decimal(number + 1 if periods is None else min(number + 1, periods)))
    left = EXACT.subtract(whole, taken)
    limit = left if discount.remaining is None else min(left, discount.remaining)
    return replace(discount, amount=limit, carries=True) if limit > 0 else None
