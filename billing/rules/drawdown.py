"""Drawdown: commits and credits cover lines, in the stated order, and never twice.

Lines are covered in their order, each piece only by what lives at its time. What a commit prices itself it covers
first. Credits and prepaid value take money off (negative lines with the covered line's tax category); postpaid spend is
counted and still billed, and what is short at the commit's end is a true-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance, Drawn
from billing.rules.coverable import Stretch, stretches_of
from billing.rules.instruments import in_order
from billing.rules.lines import Line
from billing.rules.scopes import LineKind, covers, named
from billing.rules.shortfalls import ends_here, shortfalls
from catalog.rules.agreed import Instrument, InstrumentKind
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, total_of

ZERO = Decimal(0)
NAMES = {InstrumentKind.CREDIT: "Credit", InstrumentKind.PREPAID: "Prepaid commit"}


def draw(instruments: Sequence[Instrument], lines: Sequence[Line], terms: Terms) -> Drawn:
    """Cover lines, then the true-ups of postpaid commits that end in this period."""
    everything = named(terms)
    balances = [Balance(each) for each in in_order(instruments, everything)]
    stood = {id(line): line.open for line in lines}
    covering = _cover(lines, balances, terms)
    short = [] if terms.is_threshold else shortfalls(balances, lines, stood, terms)
    covering += _cover(short, balances, terms)
    for balance in balances:
        if ends_here(balance.instrument, terms):
            balance.end()
    return Drawn(short, covering, balances)


def _cover(lines: Sequence[Line], balances: Sequence[Balance], terms: Terms) -> list[Line]:
    """Cover lines in their order: first what commits price themselves, so that nothing else uses it up."""
    taken: dict[int, dict[str, Decimal]] = {}
    split = [stretches_of(line, balances, terms.currency) for line in lines]
    for own in (True, False):
        for number, stretches in enumerate(split):
            left = EXACT.subtract(lines[number].open, total_of(taken.get(number, {}).values()))
            for stretch in stretches:
                if bool(stretch.own) is own:
                    left = EXACT.subtract(left, _draw(stretch, left, taken.setdefault(number, {}), terms.currency))
    return [
        lines[number].less(
            LineKind.DRAWDOWN, found[each.instrument.id], f"{NAMES[each.instrument.kind]} {each.instrument.id}",
            each.instrument.id, _lowers_tax(each.instrument, terms),
        )
        for number, found in sorted(taken.items())
        for each in balances
        if each.instrument.id in found and each.instrument.kind is not InstrumentKind.POSTPAID
    ]  # fmt: skip


def _draw(stretch: Stretch, left: Decimal, taken: dict[str, Decimal], currency: str) -> Decimal:
    """Draw on each balance in turn; give what was covered. Pieces below zero leave less to cover than those above."""
    covered = ZERO
    for balance in stretch.may_cover:
        amount = min(EXACT.subtract(left, covered), EXACT.subtract(stretch.amount, covered), balance.worth(currency))
        if amount > 0:
            covered = EXACT.add(covered, amount)
            name = balance.instrument.id
            taken[name] = EXACT.add(taken.get(name, ZERO), amount)
            balance.drawn += Fraction(amount) / Fraction(balance.instrument.rate)
    return covered


def _lowers_tax(instrument: Instrument, terms: Terms) -> bool:
    """Say whether drawing lowers the taxed base: credits do, prepaid value where it was taxed when it was bought."""
    if instrument.kind is not InstrumentKind.PREPAID:
        return True
    categories = {each.tax_category for each in named(terms) if covers(instrument.scope, each)}
    return instrument.lowers_tax and len(categories) < 2
