"""What a bill comes to, as an impact compares it: what is billed, what balances cover, what reaches its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.rules.bill import Bill
from billing.rules.lines import Line
from billing.rules.scopes import LineKind
from catalog.rules.agreed import InstrumentKind
from monetization.values.money import EXACT

ZERO = Decimal(0)
WHOLE = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A product's part of a bill: ``billed`` before tax, and ``covered`` by commits and credits, which is off it."""

    billed: Decimal = ZERO
    covered: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Effect:
    """A bill by product (`WHOLE`: what is about no single one), the keys of balances used up, whether a cap is hit."""

    parts: Mapping[str, Part]
    used_up: frozenset[str] = frozenset()
    is_capped: bool = False
    has_unpriced: bool = False


def effect_of(made: Bill) -> Effect:
    """Take from a bill what an impact compares."""
    parts: dict[str, Part] = {}
    for line in made.lines:
        known = parts.get(line.product or WHOLE, Part())
        parts[line.product or WHOLE] = Part(
            EXACT.add(known.billed, line.amount), EXACT.add(known.covered, _covered(line))
        )
    return Effect(
        parts, frozenset(_used_up(made)), any(line.kind is LineKind.CAP for line in made.lines), bool(made.unpriced)
    )


def _covered(line: Line) -> Decimal:
    return EXACT.minus(line.amount) if line.kind is LineKind.DRAWDOWN else ZERO


def _used_up(made: Bill) -> set[str]:
    """Name the balances of which something was there and nothing is left to draw; postpaid ones are met, not used."""
    return {
        each.instrument.id
        for each in made.balances
        if each.drawn and each.left <= 0 and not each.expired and not each.rolled
        and each.instrument.kind is not InstrumentKind.POSTPAID
    }  # fmt: skip
