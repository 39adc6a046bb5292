"""Drawdown: commits and credits cover lines, in the stated order, and never twice.

Lines are covered in their order, each piece only by what lives at its time. What a commit prices itself it covers
first. Credits and prepaid value take money off (negative lines with the covered line's tax category); postpaid spend is
counted and still billed, and what is short at the commit's end is a true-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.costs import Piece
from billing.rules.instruments import in_order
from billing.rules.lines import Line, LineKind
from billing.rules.whole import true_up
from catalog.rules.agreed import Instrument, InstrumentKind
from catalog.rules.terms import Terms
from monetization.values.money import EXACT, round_once, rounded_down, shares

ZERO = Decimal(0)
NAMES = {InstrumentKind.CREDIT: "Credit", InstrumentKind.PREPAID: "Prepaid commit"}


@dataclass(slots=True)
class Balance:
    """An instrument's balance in its own unit: before, drawn by this invoice, lost at its end."""

    instrument: Instrument
    drawn: Fraction = Fraction(0)
    expired: Fraction = Fraction(0)

    @property
    def left(self) -> Fraction:
        """What can still be drawn."""
        return Fraction(self.instrument.balance) - self.drawn - self.expired

    def worth(self, currency: str) -> Decimal:
        """Give what is left in the currency, in whole minor units."""
        return rounded_down(self.left * Fraction(self.instrument.rate), currency)


@dataclass(frozen=True, slots=True)
class Drawn:
    """True-ups of postpaid commits, negative lines, and what became of each balance (in order of drawing)."""

    true_ups: list[Line]
    covering: list[Line]
    balances: list[Balance]


def draw(instruments: Sequence[Instrument], lines: Sequence[Line], terms: Terms) -> Drawn:
    """Cover lines, then the true-ups of postpaid commits that end in this period."""
    balances = [Balance(each) for each in in_order(instruments)]
    made: list[Line] = []
    for line in lines:
        made += _cover(line, balances, terms)
    short = [] if terms.is_threshold else _true_ups(balances, lines, terms)
    for line in short:
        made += _cover(line, balances, terms)
    for balance in balances:
        _expire(balance, terms)
    return Drawn(short, made, balances)


def _cover(line: Line, balances: Sequence[Balance], terms: Terms) -> list[Line]:
    taken: dict[str, Decimal] = {}
    left = line.open  # pieces below zero leave less to cover than those above
    for stretch, amount in _stretches(line, balances, terms.currency):
        for balance in stretch.may_cover:
            covered = min(left, amount, balance.worth(terms.currency))
            if covered > 0:
                amount, left = EXACT.subtract(amount, covered), EXACT.subtract(left, covered)
                name = balance.instrument.id
                taken[name] = EXACT.add(taken.get(name, ZERO), covered)
                balance.drawn += Fraction(covered) / Fraction(balance.instrument.rate)
    return [
        line.less(
            LineKind.DRAWDOWN, taken[each.instrument.id], f"{NAMES[each.instrument.kind]} {each.instrument.id}",
            each.instrument.id, each.instrument.lowers_tax,
        )
        for each in balances
        if each.instrument.id in taken and each.instrument.kind is not InstrumentKind.POSTPAID
    ]  # fmt: skip


@dataclass(slots=True)
class Stretch:
    """Neighbouring pieces of a line that the same balances may cover, in order of drawing."""

    may_cover: tuple[Balance, ...]
    own: str
    open: Fraction


def _stretches(line: Line, balances: Sequence[Balance], currency: str) -> list[tuple[Stretch, Decimal]]:
    """Split a line where what may cover it changes, and only there; parts share its open amount by largest remainder.

    What a commit prices itself comes first.
    """
    found: list[Stretch] = []
    for part in line.parts:
        may = tuple(each for each in balances if _covers(each, line, part.piece, currency))
        if found and found[-1].may_cover == may and found[-1].own == part.piece.instrument:
            found[-1].open += part.open
        else:
            found.append(Stretch(may, part.piece.instrument, part.open))
    split = shares(line.open, [each.open for each in found], currency)
    return sorted(zip(found, split, strict=True), key=lambda pair: not pair[0].own)


def _covers(balance: Balance, line: Line, piece: Piece, currency: str) -> bool:
    """Say whether a balance may cover a piece now."""
    instrument = balance.instrument
    if piece.instrument and piece.instrument != instrument.id:
        return False
    return instrument.lives_at(piece.period.starts_at) and _may(instrument, line) and balance.worth(currency) > 0


def _may(instrument: Instrument, line: Line) -> bool:
    """Say whether the line is in scope; a true-up only for instruments without one."""
    if line.kind is LineKind.TRUE_UP:
        return instrument.scope.is_all and line.instrument != instrument.id
    return line.fits(instrument.scope)


def _true_ups(balances: Sequence[Balance], lines: Sequence[Line], terms: Terms) -> list[Line]:
    """Charge what postpaid commits that end in this period are short of."""
    found = []
    for balance in balances:
        each, end = balance.instrument, balance.instrument.period.ends_at
        ends_here = end is not None and (terms.period.ends_at is None or end <= terms.period.ends_at)
        if each.kind is InstrumentKind.POSTPAID and each.true_up and ends_here and balance.left > 0:
            amount = round_once(balance.left * Fraction(each.rate), terms.currency)
            category = next((line.tax_category for line in lines if line.fits(each.scope)), "S")
            found.append(true_up(category, amount, f"Commit {each.id}", terms, instrument=each.id))
    return found


def _expire(balance: Balance, terms: Terms) -> None:
    end = balance.instrument.period.ends_at
    if end is not None and (terms.period.ends_at is None or end <= terms.period.ends_at):
        balance.expired = balance.left
