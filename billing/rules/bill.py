"""A bill: terms × usage → everything that an invoice says, in the order that the rules state.

Lines are priced, discounted and rounded → fixed discounts → composites → minimums → caps → commits and credits → tax.
No clock, no database; invoices, previews, the calculator and forecasts are this one function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from billing.rules.caps import caps
from billing.rules.composites import composite_line
from billing.rules.drawdown import draw
from billing.rules.fees import fee_lines
from billing.rules.fixed import fixed_discounts
from billing.rules.lines import Line
from billing.rules.opened import rounded_lines, usage_line
from billing.rules.percentages import discounts
from billing.rules.rating import Priced, price
from billing.rules.scopes import LineKind, named
from billing.rules.taxing import Tax, taxes_of
from billing.rules.whole import true_up, true_ups
from catalog.rules.terms import PriceModel, Terms
from metering.rules.quantities import UsageRow
from monetization.values.money import EXACT, round_once, total_of

ZERO = Decimal(0)
BEFORE_COVER = (LineKind.USAGE, LineKind.RECURRING, LineKind.ONE_TIME, LineKind.COMPOSITE, LineKind.TRUE_UP)


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines in the order in which they are printed, tax, sums, balances, and the usage that no row prices."""

    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    net: Decimal
    tax: Decimal
    total: Decimal
    balances: tuple[Balance, ...]
    unpriced: tuple[UsageRow, ...]


def bill(terms: Terms, usage: Sequence[UsageRow], rates: Mapping[str, Sequence[Decimal]] | None = None) -> Bill:
    """Make a period's bill; ``rates``: percentages of tax by category."""
    terms = _so_far(terms) if terms.is_threshold else terms
    lines, found = _lines(terms, usage)
    below = fixed_discounts(terms.discounts, lines, terms)
    composites = [composite_line(each, lines, terms) for each in terms.composites]
    lines += [line for line in composites if line.amount or line.exact]
    if not terms.is_threshold:
        lines += _missing(found, terms)
        lines += true_ups(terms.minimums, lines, terms)
    below += caps(terms.maximums, lines, terms)
    drawn = draw(terms.instruments, lines, terms)
    every = [*lines, *drawn.true_ups, *below, *drawn.covering]
    taxes = taxes_of(every, rates or {}, terms.currency)
    net = round_once(total_of(line.amount for line in every), terms.currency)
    tax = round_once(total_of(each.amount for each in taxes), terms.currency)
    return Bill(tuple(every), tuple(taxes), net, tax, EXACT.add(net, tax), tuple(drawn.balances), found.unpriced)


def _lines(terms: Terms, usage: Sequence[UsageRow]) -> tuple[list[Line], Priced]:
    """Price, discount and round: usage, then recurring, then one-time."""
    found = price(terms, usage)
    rated = rounded_lines(discounts(found.lines, terms))
    lines = [usage_line(line) for line in rated]
    fees = [line for fee in terms.fees for line in fee_lines(fee, terms.discounts)]
    fees.sort(key=lambda line: (line.kind is LineKind.ONE_TIME, line.period.starts_at, -line.list_exact, line.name))
    return [*lines, *fees], found


def _so_far(terms: Terms) -> Terms:
    """Leave volume prices out of a bill of the period so far: they are known at its end."""
    charges = [charge for segment in terms.segments for charge in segment.charges]
    late = {each.slot for each in charges if any(price.model is PriceModel.VOLUME for price in each.prices)}
    kept = (replace(each, charges=tuple(c for c in each.charges if c.slot not in late)) for each in terms.segments)
    fees = (fee for fee in terms.fees if all(span.price.model is not PriceModel.VOLUME for span in fee.spans))
    return replace(terms, segments=tuple(kept), fees=tuple(fees))


def _missing(found: Priced, terms: Terms) -> Iterator[Line]:
    """Make the true-ups of commitments by window."""
    for charge, missing in found.missing:
        amount = round_once(missing * Fraction(charge.rate), terms.currency)
        if amount:
            mine = [each for each in named(terms) if each.key == charge.slot]
            line = true_up(charge.tax_category, amount, f"Commitment of {charge.name}", terms, mine)
            line.exact = line.list_exact = missing * Fraction(charge.rate)
            yield line
