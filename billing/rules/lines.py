"""Lines of an invoice, of every kind: usage, fees, true-ups, and the negative ones that discount, cap and cover others.

A line is rounded once, when it is made. What stands on the whole of an invoice (`billing.rules.whole`) adds lines, and
lowers what is still open of earlier ones, never their amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from billing.rules.costs import Piece
from billing.rules.instruments import fits
from billing.rules.rating import RatedLine, Step
from catalog.rules.agreed import Scope
from catalog.rules.terms import Dims
from monetization.values.money import EXACT, shares, total_of
from monetization.values.periods import Period

ZERO = Decimal(0)
NOTHING = Fraction(0)


class LineKind(StrEnum):
    """What a line is for; the order is that of the lines."""

    USAGE = "usage"
    RECURRING = "recurring"
    ONE_TIME = "one_time"
    COMPOSITE = "composite"
    TRUE_UP = "true_up"
    DISCOUNT = "discount"
    CAP = "cap"
    DRAWDOWN = "drawdown"


@dataclass(slots=True)
class Line:
    """A line with its rounded ``amount``; ``of`` is the line that a negative one lowers.

    ``pieces`` share its exact amount out by time. ``open``: what is left of the amount after discounts, caps and what
    covers it; ``lowers_tax``: whether a negative line lowers the taxed base.
    """

    kind: LineKind
    charge: str
    product: str
    name: str
    tax_category: str
    period: Period
    amount: Decimal
    exact: Fraction
    list_exact: Fraction = NOTHING
    tags: frozenset[str] = frozenset()
    match: Dims = ()
    quantity: Fraction = NOTHING
    steps: tuple[Step, ...] = ()
    pieces: tuple[Piece, ...] = ()
    discounts: tuple[str, ...] = ()
    rated: RatedLine | None = None
    row: int | None = None
    instrument: str = ""
    of: Line | None = None
    lowers_tax: bool = True
    open: Decimal = field(default=ZERO)
    kept: Decimal = field(default=ZERO)

    def __post_init__(self) -> None:
        self.open = self.amount

    def fits(self, scope: Scope) -> bool:
        """Say whether the line is in scope."""
        return fits(
            scope, charge=self.charge, product=self.product, tags=self.tags, kind=self.kind.value, match=self.match
        )

    def less(self, kind: LineKind, amount: Decimal, name: str, instrument: str = "", lowers_tax: bool = True) -> Line:
        """Make the negative line that takes ``amount`` off this one."""
        self.open = EXACT.subtract(self.open, amount)
        taken = EXACT.minus(amount)
        return Line(
            kind, self.charge, self.product, name, self.tax_category, self.period, taken, Fraction(taken),
            tags=self.tags, match=self.match, instrument=instrument, of=self, lowers_tax=lowers_tax,
        )  # fmt: skip

    def open_pieces(self, currency: str) -> list[tuple[Piece, Decimal]]:
        """Share what is open among the pieces, by time; a line without pieces is one."""
        pieces = self.pieces or (Piece(self.period, self.exact),)
        whole = sum((piece.exact for piece in pieces), NOTHING)
        if not whole:
            return [(pieces[0], self.open)]
        parts = shares(self.open, [Fraction(self.open) * piece.exact / whole for piece in pieces], currency)
        return list(zip(pieces, parts, strict=True))


def starts(line: Line) -> datetime:
    """Say when a line starts."""
    return line.period.starts_at


def sum_open(lines: Iterable[Line]) -> Decimal:
    """Add up what is open."""
    return total_of(line.open for line in lines)
