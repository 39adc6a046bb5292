"""Slices joined where nothing changes for a charge, and charges lifted to zero."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing.rules.owned import Purse
from billing.rules.pieces import LIFT, Cost
from billing.rules.stretches import NOTHING, Slice, Stretch
from catalog.rules.charges import Part
from monetization.values.periods import Period

ZERO = Decimal(0)


def joined(slices: Sequence[Slice], stretch: Stretch, purse: Purse, windows: Sequence[Period]) -> list[Slice]:
    """Join neighbouring slices that the same instruments and windows see: a cut for others' sake changes nothing."""
    found: list[Slice] = []
    seen: list[tuple[frozenset[str], list[bool]]] = []
    for piece in slices:
        at = piece.period.starts_at
        key = purse.alive(stretch, at), [at in window for window in windows]
        if found and seen[-1] == key and found[-1].before + found[-1].quantity == piece.before:
            found[-1] = found[-1].joined(piece)
        else:
            found.append(piece)
            seen.append(key)
    return found


def lift(stretches: Sequence[Stretch], found: Sequence[Cost]) -> None:
    """Lift lines, the latest first, where those of a charge sum below zero while its quantity isn't negative."""
    by_charge: dict[str, list[tuple[Stretch, Cost]]] = {}
    for stretch, cost in zip(stretches, found, strict=True):
        by_charge.setdefault(stretch.charge.slot, []).append((stretch, cost))
    for mine in by_charge.values():
        lack = -sum((cost.exact for _, cost in mine), NOTHING)
        quantity = sum((piece.quantity for stretch, _ in mine for piece in stretch.slices), NOTHING)
        if lack <= 0 or quantity < 0:
            continue
        for stretch, cost in sorted(mine, key=lambda pair: pair[0].period.starts_at, reverse=True):
            given = min(lack, max(-cost.exact, NOTHING))
            if given:
                cost.add(stretch.period, (Part(LIFT, ZERO, None, NOTHING, ZERO, ZERO, given),))
                lack -= given
