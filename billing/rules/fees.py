"""Recurring and one-time charges, and composites: lines that need no usage of their own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.rules.composites import MOMENT, keep, last_moment
from billing.rules.lines import NOTHING, Line
from billing.rules.percentages import percent_off, standing
from billing.rules.pieces import Piece
from billing.rules.rated import Step
from billing.rules.scopes import LineKind
from catalog.rules.agreed import Discount, Timing
from catalog.rules.charges import Part
from catalog.rules.terms import Fee, FeeSpan
from catalog.rules.walks import Walk, walk
from monetization.values.money import round_once, shares
from monetization.values.periods import Period

Costs = Sequence[tuple[FeeSpan, tuple[Part, ...]]]


def fee_lines(fee: Fee, discounts: Sequence[Discount]) -> list[Line]:
    """Make a fee's lines: one for each price row, over all spans in which it stands."""
    found: dict[int, list[FeeSpan]] = {}
    for span in fee.spans:
        found.setdefault(span.price.row_id, []).append(span)
    lines = [_line(fee, spans, discounts) for spans in found.values()]
    return [line for line in lines if line.exact or line.list_exact]


def _line(fee: Fee, spans: Sequence[FeeSpan], discounts: Sequence[Discount]) -> Line:
    kind = LineKind.RECURRING if fee.recurring else LineKind.ONE_TIME
    costs = [(span, _parts(span)) for span in spans]
    list_exact = sum((_weighed(span, parts) for span, parts in costs), NOTHING) * Fraction(fee.rate)
    period = Period(spans[0].period.starts_at, spans[-1].period.ends_at)
    line = Line(
        kind, fee.key, fee.product, fee.name, fee.tax_category, period, Decimal(0), list_exact, list_exact, fee.tags,
        quantity=Fraction(spans[-1].quantity),
        pieces=(Piece(_seen(fee, period), list_exact),),
        row=spans[0].price.row_id if fee.recurring else None,
    )  # fmt: skip
    touching = [each for each in discounts if each.percent and line.fits(each.scope)]
    fitting = [each for each in touching if any(each.holds_at(span.period.starts_at) for span in spans)]
    line.exact = _left(fee, costs, fitting)
    line.discounts = tuple(each.name for each in fitting)
    line.open_with(round_once(line.exact, fee.currency))
    line.share = sum((Fraction(*span.weight) for span in spans), NOTHING)
    line.steps = _steps(line, fee, costs, fitting)
    return keep(line, _left(fee, costs, [each for each in fitting if not each.counts_for_minimum]), fee.currency)


def _left(fee: Fee, costs: Costs, discounts: Sequence[Discount]) -> Fraction:
    """Give what percentages leave, each taken off the spans in which it stands."""
    left = (percent_off(_weighed(span, parts), standing(discounts, span.period)) for span, parts in costs)
    return sum(left, NOTHING) * Fraction(fee.rate)


def _steps(line: Line, fee: Fee, costs: Costs, discounts: Sequence[Discount]) -> tuple[Step, ...]:
    """Print each span's tiers, weighed by its days, as shares of the line."""
    flat = [(part, part.amount * Fraction(*span.weight), span) for span, parts in costs for part in parts]
    exacts = [percent_off(amount, standing(discounts, span.period)) * Fraction(fee.rate) for _, amount, span in flat]
    split = shares(line.amount, exacts, fee.currency) if flat else []
    return tuple(
        Step(part.over, part.up_to, part.quantity, part.unit_price, part.flat_fee, amount, share, span.weight)
        for (part, amount, span), share in zip(flat, split, strict=True)
    )


def _parts(span: FeeSpan) -> tuple[Part, ...]:
    way = Walk(((NOTHING, Fraction(span.quantity)),))
    return walk(span.price, way)[0]


def _weighed(span: FeeSpan, parts: tuple[Part, ...]) -> Fraction:
    return sum((part.amount for part in parts), NOTHING) * Fraction(*span.weight)


def _seen(fee: Fee, line: Period) -> Period:
    """Give the instant at which instruments look at a line: its first, or its last where it is billed in arrears."""
    return Period(line.starts_at, line.starts_at + MOMENT) if fee.timing is Timing.ADVANCE else last_moment(line)
