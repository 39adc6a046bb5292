"""What stands on the whole of an invoice: fixed discounts, minimums, caps. Each adds lines and says what it lowers.

Fixed discounts: narrow scope first, then start, then key; by largest remainder, never below zero. Minimums: narrow
before wide, counting narrower true-ups; split over the tax categories in scope. Caps: before drawdown, the latest line
first, within a line units that no commit prices first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.rules.costs import Piece
from billing.rules.lines import Line, sum_open
from billing.rules.scopes import LineKind, covers, named
from catalog.rules.agreed import Bound, Discount, Named, Scope
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, allocate, round_once, rounded_down, total_of
from monetization.values.periods import Period

ZERO = Decimal(0)
MOMENT = timedelta(microseconds=1)


def breadth(scope: Scope, everything: Sequence[Named]) -> int:
    """Say how wide a scope is: how many things it covers; one that names nothing is the widest."""
    return len(everything) + 1 if scope.is_all else len({each.key for each in everything if covers(scope, each)})


def fixed_discounts(discounts: Iterable[Discount], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Take fixed discounts off the rounded lines."""
    everything, found = named(terms), list[Line]()
    fixed = sorted(
        (each for each in discounts if each.amount),
        key=lambda each: (breadth(each.scope, everything), each.starts_on or date.min, each.key),
    )
    for discount in fixed:
        fitting = [line for line in lines if line.fits(discount.scope)]
        weights = [max(line.unowned, Fraction(0)) for line in fitting]
        amount = min(
            _prorated(discount, fitting, terms.currency), rounded_down(sum(weights, Fraction(0)), terms.currency)
        )
        if amount <= 0:
            continue
        for line, taken in zip(fitting, allocate(amount, weights, terms.currency), strict=True):
            if taken:
                found.append(line.less(LineKind.DISCOUNT, taken, discount.name))
                line.lower_evenly(taken)
                line.kept = EXACT.add(line.kept, taken) if discount.counts_for_minimum else line.kept
    return found


def true_ups(minimums: Iterable[Bound], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Make the lines that bring what is in scope up to its minimum."""
    everything, made = named(terms), list[Line]()
    for minimum in sorted(minimums, key=lambda each: breadth(each.scope, everything)):
        fitting = [line for line in (*lines, *made) if line.fits(minimum.scope)]
        spend = EXACT.add(sum_open(fitting), total_of(line.kept for line in fitting))
        exact = _exact(minimum, terms) - Fraction(spend)
        lack = round_once(exact, terms.currency)
        if lack > 0:
            covered = [] if minimum.scope.is_all else [each for each in everything if covers(minimum.scope, each)]
            name = f"Minimum of {covered[0].name}" if len(covered) == 1 else "Minimum"
            stood = [(line.tax_category, line.open) for line in fitting]
            made += split_true_up(lack, name, minimum.scope, stood, terms, exact=exact)
    return made


def caps(maximums: Iterable[Bound], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Make the negative lines that bring what is in scope down to its maximum."""
    everything, made = named(terms), list[Line]()
    for maximum in sorted(maximums, key=lambda each: breadth(each.scope, everything)):
        fitting = [line for line in lines if line.fits(maximum.scope)]
        over = EXACT.subtract(sum_open(fitting), _bound(maximum, terms))
        for line in reversed(fitting):
            taken = min(over, line.open)
            if taken > 0:
                made.append(line.less(LineKind.CAP, taken, f"Cap on {line.name}"))
                line.lower_last(taken)
                over = EXACT.subtract(over, taken)
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


def _prorated(discount: Discount, fitting: Sequence[Line], currency: str) -> Decimal:
    """Weigh a fixed discount on recurring lines as they are weighed themselves."""
    share = Fraction(1)
    if fitting and all(line.kind is LineKind.RECURRING for line in fitting):
        by_fee: dict[str, Fraction] = {}
        for line in fitting:
            by_fee[line.charge] = by_fee.get(line.charge, Fraction(0)) + line.share
        share = min(max(by_fee.values()), Fraction(1))
    amount = round_once(Fraction(discount.amount) * share, currency)
    return amount if discount.remaining is None else min(amount, round_once(discount.remaining, currency))


def _bound(bound: Bound, terms: Terms) -> Decimal:
    return round_once(_exact(bound, terms), terms.currency)


def _exact(bound: Bound, terms: Terms) -> Fraction:
    share = Fraction(*terms.served) if bound.prorates else Fraction(1)
    return Fraction(bound.amount) * Fraction(bound.rate) * share
