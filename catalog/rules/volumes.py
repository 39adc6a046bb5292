"""Volume prices, and flat tiers: what a position costs as a whole, and what moving to another one adds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from catalog.rules.charges import NOTHING, Part, step_at
from catalog.rules.terms import Price

Parts = tuple[Part, ...]
ZERO = Decimal(0)


def whole_cost(price: Price, position: Fraction | None, base: Fraction, *, at_zero: bool) -> Part | None:
    """Give what the units over ``base`` cost at a position; None where the counter isn't open yet."""
    if position is None:
        return None
    step, units = step_at(price, position), position - base
    is_due = units > 0 or (at_zero and units == 0 and step.number == 0)
    blocks = step.blocks(abs(units)) * (-1 if units < 0 else 1)
    return step.priced(blocks, step.tier.flat_fee if is_due else ZERO)


def moved(after: Part | None, before: Part | None) -> Parts:
    """Give what moving costs: the new whole less the old one, tier by tier."""
    found = {after.tier: after} if after is not None else {}
    if before is not None:
        kept = found.get(before.tier)
        found[before.tier] = kept.plus(before.negative) if kept else before.negative
    return tuple(part for _, part in sorted(found.items()) if part.quantity or part.flat_fee)


def fee_moves(price: Price, before: Fraction | None, after: Fraction, *, at_zero: bool) -> Parts:
    """Charge the fee of the tier reached, alone; what an earlier tier cost is given back."""
    known = before is not None and (before > 0 or (before == 0 and at_zero))
    old = step_at(price, before) if known and before is not None else None
    new = step_at(price, after) if after > 0 or (after == 0 and at_zero) else None
    if old is not None and new is not None and old.number == new.number:
        return ()
    found = [old.priced(NOTHING, -old.tier.flat_fee)] if old is not None and old.tier.flat_fee else []
    if new is not None and new.tier.flat_fee:
        found.append(new.priced(NOTHING, new.tier.flat_fee))
    return tuple(found)
