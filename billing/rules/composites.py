"""Composites, and what percentages took off that still counts as spend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from billing.rules.lines import Line
from billing.rules.pieces import Piece
from billing.rules.scopes import LineKind
from catalog.rules.agreed import Composite
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, round_once, total_of
from monetization.values.periods import Period

MOMENT = timedelta(microseconds=1)


def composite_line(composite: Composite, lines: Sequence[Line], terms: Terms) -> Line:
    """Make a line of a percentage of others, after their discounts."""
    base = total_of(line.open for line in lines if line.kind is not LineKind.COMPOSITE and line.fits(composite.of))
    exact = Fraction(base) * Fraction(composite.percent) / 100 * Fraction(*composite.share)
    return Line(
        LineKind.COMPOSITE, composite.key, composite.product, composite.name, composite.tax_category, terms.period,
        Decimal(0), exact, exact, composite.tags, pieces=(Piece(last_moment(terms.period), exact),),
    ).open_with(round_once(exact, terms.currency))  # fmt: skip


def keep(line: Line, spend: Fraction, currency: str) -> Line:
    """Note what percentages took off that still counts as spend."""
    if spend != line.exact:
        line.kept = EXACT.subtract(round_once(spend, currency), line.amount)
    return line


def last_moment(period: Period) -> Period:
    """Give a period's last instant."""
    end = period.ends_at or period.starts_at + MOMENT
    return Period(end - MOMENT, end)
