"""Usage lines rounded, and opened for what stands on the whole of a bill."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from billing.rules.composites import keep
from billing.rules.lines import NOTHING, Line
from billing.rules.percentages import rounded, with_amount
from billing.rules.rated import RatedLine
from billing.rules.scopes import LineKind
from monetization.values.money import allocate, round_once, shares


def rounded_lines(lines: Sequence[RatedLine]) -> list[RatedLine]:
    """Round each line; those of a charge that rounds as one share one rounding by largest remainder."""
    together: dict[str, list[RatedLine]] = {}
    for line in lines:
        if line.charge.rounds_as_one:
            together.setdefault(line.charge.slot, []).append(line)
    split: dict[int, Decimal] = {}
    for mine in together.values():
        currency = mine[0].currency
        amount = round_once(sum((line.exact for line in mine), NOTHING), currency)
        exacts = [line.exact for line in mine]
        parts = (allocate if amount and min(exacts) >= 0 else shares)(amount, exacts, currency)
        split |= {id(line): part for line, part in zip(mine, parts, strict=True)}
    return [with_amount(line, split[id(line)]) if id(line) in split else rounded(line) for line in lines]


def usage_line(line: RatedLine) -> Line:
    """Open a rated line for discounts, caps and what covers it."""
    charge = line.charge
    made = Line(
        LineKind.USAGE, charge.slot, charge.product, charge.name, charge.tax_category, line.period, line.amount,
        line.exact, line.list_exact, charge.tags, line.match, line.quantity, line.steps,
        line.pieces, line.discounts, line,
    ).open_with(line.amount)  # fmt: skip
    return keep(made, line.spend, line.currency)
