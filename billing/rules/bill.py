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
from billing.rules.drawdown import draw
from billing.rules.fees import composite_line, fee_lines, keep
from billing.rules.fixed import fixed_discounts
from billing.rules.lines import NOTHING, Line
from billing.rules.percentages import discounts, rounded, with_amount
from billing.rules.rated import RatedLine
from billing.rules.rating import Priced, price
from billing.rules.scopes import LineKind, named
from billing.rules.whole import true_up, true_ups
from catalog.rules.terms import PriceModel, Terms
from metering.rules.quantities import UsageRow
from monetization.values.money import EXACT, allocate, round_once, shares, total_of

ZERO = Decimal(0)
BEFORE_COVER = (LineKind.USAGE, LineKind.RECURRING, LineKind.ONE_TIME, LineKind.COMPOSITE, LineKind.TRUE_UP)


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax of one category and rate, on the sum of its lines, rounded once."""

    category: str
    percent: Decimal
    base: Decimal
    amount: Decimal


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
    taxes = _taxes(every, rates or {}, terms.currency)
    net = round_once(total_of(line.amount for line in every), terms.currency)
    tax = round_once(total_of(each.amount for each in taxes), terms.currency)
    return Bill(tuple(every), tuple(taxes), net, tax, EXACT.add(net, tax), tuple(drawn.balances), found.unpriced)


def _lines(terms: Terms, usage: Sequence[UsageRow]) -> tuple[list[Line], Priced]:
    """Price, discount and round: usage, then recurring, then one-time."""
    found = price(terms, usage)
    rated = _rounded(discounts(found.lines, terms))
    lines = [_usage_line(line) for line in rated]
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


def _rounded(lines: Sequence[RatedLine]) -> list[RatedLine]:
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


def _usage_line(line: RatedLine) -> Line:
    charge = line.charge
    own = sum((piece.exact for piece in line.pieces if piece.committed), NOTHING)
    left = (line.exact - own) / (line.list_exact - own) if line.list_exact != own else Fraction(1)
    pieces = (piece if piece.committed else replace(piece, exact=piece.exact * left) for piece in line.pieces)
    made = Line(
        LineKind.USAGE, charge.slot, charge.product, charge.name, charge.tax_category, line.period, line.amount,
        line.exact, line.list_exact, charge.tags, line.match, line.quantity, line.steps,
        tuple(pieces), line.discounts, line,
    ).open_with(line.amount)  # fmt: skip
    return keep(made, line.spend, line.currency)


def _taxes(lines: Sequence[Line], rates: Mapping[str, Sequence[Decimal]], currency: str) -> list[Tax]:
    """Tax each category's lines together, once for each of its rates."""
    bases: dict[str, Decimal] = {}
    for line in lines:
        if line.amount >= 0 or line.lowers_tax:
            bases[line.tax_category] = EXACT.add(bases.get(line.tax_category, ZERO), line.amount)
    return [
        Tax(category, percent, base, round_once(Fraction(base) * Fraction(percent) / 100, currency))
        for category, base in sorted(bases.items())
        for percent in rates.get(category, ())
    ]
