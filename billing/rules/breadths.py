"""How wide a scope is, and what a minimum or maximum comes to in one period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.rules.scopes import covers
from catalog.rules.agreed import Bound, Named, Scope
from catalog.rules.terms import Terms
from monetization.values.money import round_once


def breadth(scope: Scope, everything: Sequence[Named]) -> int:
    """Say how wide a scope is: how many things it covers; one that names nothing is the widest."""
    return len(everything) + 1 if scope.is_all else len({each.key for each in everything if covers(scope, each)})


def bound_of(bound: Bound, terms: Terms) -> Decimal:
    """Give a minimum or maximum as it is in this period, rounded."""
    return round_once(exact_of(bound, terms), terms.currency)


def exact_of(bound: Bound, terms: Terms) -> Fraction:
    """Give it before it is rounded."""
    share = Fraction(*terms.served) if bound.prorates else Fraction(1)
    return Fraction(bound.amount) * Fraction(bound.rate) * share * Fraction(*bound.weight)
