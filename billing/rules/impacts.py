"""An account's periods on present and on proposed terms, set beside each other: the rows of an impact. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.rules.effects import Effect, Part
from monetization.values.money import EXACT, round_half_away, total_of

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Pair:
    """An invoice both ways: of a contract, in one currency, its period's last day."""

    contract_id: int
    currency: str
    last: date
    before: Effect
    after: Effect

    @property
    def month(self) -> date:
        """First day of the month in which it ends."""
        return self.last.replace(day=1)


@dataclass(frozen=True, slots=True)
class Beside:
    """One part of a bill both ways."""

    before: Part = Part()
    after: Part = Part()

    def plus(self, before: Part, after: Part) -> Beside:
        """Add another one."""
        return Beside(_sum(self.before, before), _sum(self.after, after))


def figures_of(pairs: Iterable[Pair]) -> dict[tuple[int, date, str], Beside]:
    """Add up by contract, month and product."""
    found: dict[tuple[int, date, str], Beside] = {}
    for pair in pairs:
        for product in dict.fromkeys([*pair.before.parts, *pair.after.parts]):
            key = pair.contract_id, pair.month, product
            both = (side.parts.get(product, Part()) for side in (pair.before, pair.after))
            found[key] = found.get(key, Beside()).plus(*both)
    return found


def whole_of(figures: Iterable[Beside]) -> Beside:
    """Add all up."""
    found = list(figures)
    return Beside(_total([each.before for each in found]), _total([each.after for each in found]))


def used_up(pairs: Sequence[Pair]) -> dict[str, tuple[date | None, date | None]]:
    """Say for each balance on which last day of a period it is used up, both ways; only where that differs."""
    before, after = dict[str, date](), dict[str, date]()
    for pair in sorted(pairs, key=lambda each: each.last):
        for key in pair.before.used_up:
            before.setdefault(key, pair.last)
        for key in pair.after.used_up:
            after.setdefault(key, pair.last)
    keys = sorted(before.keys() | after.keys())
    return {key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)}


def percent_of(before: Decimal, after: Decimal) -> Decimal | None:
    """Give a change in percent to two digits; None where there was nothing before, and now is something."""
    if before == after:
        return ZERO
    if not before:
        return None
    return round_half_away(100 * Fraction(EXACT.subtract(after, before)) / abs(Fraction(before)), 2)


def is_over(before: Decimal, after: Decimal, threshold: Decimal) -> bool:
    """Say whether a change is larger than a threshold in percent; from nothing to something always is."""
    change = abs(EXACT.subtract(after, before))
    return EXACT.multiply(change, HUNDRED) > EXACT.multiply(threshold, abs(before)) if change else False


def _sum(one: Part, other: Part) -> Part:
    return Part(EXACT.add(one.billed, other.billed), EXACT.add(one.covered, other.covered))


def _total(parts: Sequence[Part]) -> Part:
    return Part(total_of(each.billed for each in parts), total_of(each.covered for each in parts))
