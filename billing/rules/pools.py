"""Pools of whole charges, and the dearest of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from billing.rules.free import allot, commit_windows
from billing.rules.stretches import Stretch
from catalog.rules.terms import Charge, Terms

NOTHING = Fraction(0)


def pools(terms: Terms, stretches: Sequence[Stretch]) -> tuple[tuple[Charge, Fraction], ...]:
    """Take free units and commitments by window out of each charge; list what is missing in the latter."""
    by_charge: dict[str, list[Stretch]] = {}
    for stretch in stretches:
        by_charge.setdefault(stretch.charge.slot, []).append(stretch)
    charges = {charge.slot: charge for segment in terms.segments for charge in segment.charges}
    missing = []
    for slot, charge in charges.items():
        mine = by_charge.get(slot, [])
        if charge.free_units or charge.allowed:
            allot(mine, charge.free_in(terms.served))
        if charge.windowed is not None:
            missing.append((charge, commit_windows(mine, charge.windowed, charge.prices[0], terms.period, terms.zone)))
    return tuple(missing)


def dearest(listed: Iterable[tuple[Charge, Fraction]], terms: Terms) -> dict[str, str]:
    """Of charges that are billed by the highest of several metrics, find the dearest; the earlier on a tie.

    One that wasn't used costs nothing, which is more than one that gives back.
    """
    sums: dict[str, dict[str, Fraction]] = {}
    unused = ((charge, NOTHING) for segment in terms.segments for charge in segment.charges)
    for charge, exact in sorted((*unused, *listed), key=lambda pair: pair[0].metric.version_id):
        if charge.highest_of:
            group = sums.setdefault(charge.highest_of, {})
            group[charge.slot] = group.get(charge.slot, NOTHING) + exact
    return {group: max(found, key=lambda slot: found[slot]) for group, found in sums.items()}
