"""Percentage discounts on usage lines, and the one rounding of each line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from billing.rules.pieces import Piece
from billing.rules.rated import RatedLine
from catalog.rules.agreed import Discount, fits
from catalog.rules.terms import Terms
from monetization.values.money import round_once, shares
from monetization.values.periods import Period

NOTHING = Fraction(0)


def discounts(lines: Iterable[RatedLine], terms: Terms) -> list[RatedLine]:
    """Take the percentage discounts off the exact amounts, one after the other (compounding).

    What a commit covers at a price of its own is not touched.
    """
    return [_discounted(line, terms) for line in lines]


def rounded(line: RatedLine) -> RatedLine:
    """Round the line once, half away from zero, and share the rounded amount among its steps."""
    return with_amount(line, round_once(line.exact, line.currency))


def with_amount(line: RatedLine, amount: Decimal) -> RatedLine:
    """Give the line its rounded amount, shared among its steps by largest remainder."""
    left = line.exact / line.list_exact if line.list_exact else Fraction(1)
    weights = [step.exact * Fraction(line.charge.rate) * left for step in line.steps]
    if sum(weights, NOTHING) != line.exact:  # a clamp, or a rest that no step explains
        weights = [NOTHING] * (len(weights) - 1) + [line.exact] if weights else []
    split = shares(amount, weights, line.currency) if weights else []
    steps = tuple(replace(step, share=share) for step, share in zip(line.steps, split, strict=True))
    return replace(line, amount=amount, steps=steps)


def _discounted(line: RatedLine, terms: Terms) -> RatedLine:
    applied = [each for each in terms.discounts if each.percent and _discounts(each, line)]
    pieces = tuple(_off(piece, applied) for piece in line.pieces)
    spent = [_off(piece, [each for each in applied if not each.counts_for_minimum]) for piece in line.pieces]
    exact, spend = (sum((piece.exact for piece in each), NOTHING) for each in (pieces, spent))
    return replace(line, exact=exact, spend=spend, pieces=pieces, discounts=tuple(each.name for each in applied))


def _off(piece: Piece, discounts: Iterable[Discount]) -> Piece:
    """Take percentages off a piece, those that stand at its time; what a commit prices stays."""
    if piece.committed:
        return piece
    return replace(piece, exact=percent_off(piece.exact, standing(discounts, piece.period)))


def standing(discounts: Iterable[Discount], period: Period) -> list[Discount]:
    """List the discounts that stand when a period begins."""
    return [each for each in discounts if each.holds_at(period.starts_at)]


def percent_off(exact: Fraction, discounts: Iterable[Discount]) -> Fraction:
    """Take percentages off, one after the other."""
    for discount in discounts:
        exact *= 1 - Fraction(discount.percent) / 100
    return exact


def _discounts(discount: Discount, line: RatedLine) -> bool:
    charge = line.charge
    scope, match = discount.scope, line.match
    return fits(scope, charge=charge.slot, product=charge.product, tags=charge.tags, kind="usage", match=match)
