"""What stands on the whole of an invoice: fixed discounts, minimums, caps. Each adds lines and says what it lowers.

Fixed discounts: narrow scope first, then start, then key; by largest remainder, never below zero. Minimums: narrow
before wide, counting narrower true-ups; split over the tax categories in scope. Caps: before drawdown, the latest line
first, within a line units that no commit prices first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from billing.rules.breadths import breadth, exact_of
from billing.rules.lines import Line, sum_open
from billing.rules.pieces import Piece
from billing.rules.scopes import LineKind, covers, named
from catalog.rules.agreed import Bound, Named, Scope
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, allocate, round_once
from monetization.values.periods import Period

ZERO = Decimal(0)
MOMENT = timedelta(microseconds=1)


def true_ups(minimums: Iterable[Bound], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Make the lines that bring what is in scope up to its minimum."""
    everything, made = named(terms), list[Line]()
    for minimum in sorted(minimums, key=lambda each: breadth(each.scope, everything)):
        fitting = [line for line in (*lines, *made) if line.fits(minimum.scope)]
        when = minimum.period
        spend = sum((line.kept_in(when) for line in fitting), Fraction(sum_open(fitting, when, terms.currency)))
        exact = exact_of(minimum, terms) - spend
        lack = round_once(exact, terms.currency)
        if lack > 0:
            covered = [] if minimum.scope.is_all else [each for each in everything if covers(minimum.scope, each)]
            name = f"Minimum of {covered[0].name}" if len(covered) == 1 else "Minimum"
            stood = [(line.tax_category, line.open_in(when, terms.currency)) for line in fitting]
            made += split_true_up(lack, name, minimum.scope, stood, terms, exact=exact)
    return made


def split_true_up(
    lack: Decimal,
    name: str,
    scope: Scope,
    fitting: Iterable[tuple[str, Decimal]],
    terms: Terms,
    *,
    instrument: str = "",
    exact: Fraction | None = None,
) -> list[Line]:
    """Split a true-up over the tax categories of what is in scope; ``exact``: what was rounded to ``lack``."""
    sums: dict[str, Decimal] = {}
    for category, amount in fitting:
        sums[category] = EXACT.add(sums.get(category, ZERO), max(amount, ZERO))
    everything = named(terms)
    covered = [] if scope.is_all else [each for each in everything if covers(scope, each)]
    if not any(sums.values()):
        known = everything if scope.is_all else covered
        sums = {next((each.tax_category for each in known), "S"): Decimal(1)}
    found = []
    for category, part in zip(sums, allocate(lack, list(sums.values()), terms.currency), strict=True):
        if part:
            line = true_up(category, part, name, terms, covered, instrument=instrument)
            line.exact = line.list_exact = line.exact if exact is None else exact * Fraction(part) / Fraction(lack)
            found.append(line)
    return found


def true_up(
    category: str, amount: Decimal, name: str, terms: Terms, covered: Sequence[Named] = (), *, instrument: str = ""
) -> Line:
    """Make a true-up line; instruments look at it at the period's last instant."""
    end = terms.period.ends_at or terms.period.starts_at + MOMENT
    last = Piece(Period(end - MOMENT, end), Fraction(amount))
    alone = len(covered) == 1
    return Line(
        LineKind.TRUE_UP, covered[0].key if alone else "", covered[0].product if alone else "", name, category,
        terms.period, amount, Fraction(amount), Fraction(amount), pieces=(last,), instrument=instrument,
        stands_for=tuple(covered),
    ).open_with(amount)  # fmt: skip
