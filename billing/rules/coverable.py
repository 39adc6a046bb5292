"""Which stretches of a line may be covered, and by what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from billing.rules.lines import Line
from billing.rules.pieces import Piece
from billing.rules.scopes import LineKind
from catalog.rules.agreed import Instrument
from monetization.values.money import shares

ZERO = Decimal(0)


@dataclass(slots=True)
class Stretch:
    """Neighbouring pieces of a line that the same balances may cover, in order of drawing."""

    may_cover: tuple[Balance, ...]
    own: str
    open: Fraction
    amount: Decimal = ZERO


def stretches_of(line: Line, balances: Sequence[Balance], currency: str) -> list[Stretch]:
    """Split a line where what may cover it changes, and only there; by largest remainder of what is open."""
    found: list[Stretch] = []
    for part in line.parts:
        may = tuple(each for each in balances if _covers(each, line, part.piece, currency))
        if found and found[-1].may_cover == may and found[-1].own == part.piece.instrument:
            found[-1].open += part.open
        else:
            found.append(Stretch(may, part.piece.instrument, part.open))
    split = shares(line.open, [each.open for each in found], currency)
    return [replace(each, amount=amount) for each, amount in zip(found, split, strict=True)]


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
