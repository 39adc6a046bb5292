"""Lines of an invoice, of every kind: usage, fees, true-ups, and the negative ones that discount, cap and cover others.

A line is rounded once, when it is made. What stands on the whole of an invoice (`billing.rules.whole`) adds lines, and
lowers what is still open of earlier ones, never their amount.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from billing.rules.pieces import Piece
from billing.rules.rated import RatedLine, Step
from billing.rules.scopes import LineKind, covers
from catalog.rules.agreed import Named, Scope, fits
from catalog.rules.terms import Dims
from monetization.values.money import EXACT, shares, total_of
from monetization.values.periods import Period

ZERO = Decimal(0)
NOTHING = Fraction(0)


@dataclass(slots=True)
class OpenPart:
    """A piece of a line and what is open of its exact share of the rounded amount."""

    piece: Piece
    open: Fraction

    def lies_in(self, period: Period | None) -> bool:
        """Say whether it falls into a period; None: any."""
        return period is None or self.piece.period.starts_at in period


@dataclass(slots=True)
class Line:
    """A line with its rounded ``amount``; ``of`` is the line that a negative one lowers.

    ``pieces`` share its exact amount by time, ``parts`` what is open of it; ``kept``: what discounts took of it that
    still counts as spend; ``lowers_tax``: whether a negative line lowers the taxed base; ``share``: of its period, for
    a recurring line; ``stands_for``: what a true-up's scope covers (nothing: the whole invoice).
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
    discount: str = ""
    of: Line | None = None
    lowers_tax: bool = True
    stands_for: tuple[Named, ...] = ()
    share: Fraction = Fraction(1)
    open: Decimal = ZERO
    kept: Decimal = ZERO
    parts: list[OpenPart] = field(default_factory=list)

    def open_with(self, amount: Decimal) -> Line:
        """Give the line its rounded amount, shared exactly among its pieces; all of it is open."""
        self.amount = self.open = amount
        pieces = self.pieces or (Piece(self.period, self.exact),)
        whole = sum((piece.exact for piece in pieces), NOTHING)
        first = [OpenPart(pieces[0], Fraction(amount))]
        self.parts = [OpenPart(each, Fraction(amount) * each.exact / whole) for each in pieces] if whole else first
        return self

    def open_in(self, period: Period | None, currency: str) -> Decimal:
        """Give what is open of what falls into a period, in minor units; None: of all."""
        if period is None:
            return self.open
        inside = sum((part.open for part in self.parts if part.lies_in(period)), NOTHING)
        whole = sum((part.open for part in self.parts), NOTHING)
        return shares(self.open, [inside, whole - inside], currency)[0]

    def kept_in(self, period: Period | None) -> Fraction:
        """Give the share of what discounts took, and still counts as spend, for what falls into a period."""
        whole = sum((part.open for part in self.parts), NOTHING)
        inside = sum((part.open for part in self.parts if part.lies_in(period)), NOTHING)
        return Fraction(self.kept) * (inside / whole if whole else period is None)

    def unowned(self, period: Period | None = None) -> Fraction:
        """What is open of units that no commit prices, of what falls into a period."""
        mine = (part for part in self.parts if not part.piece.committed and part.lies_in(period))
        return sum((part.open for part in mine), NOTHING)

    def fits(self, scope: Scope) -> bool:
        """Say whether the line is in scope; a true-up if all that it stands for is."""
        if self.kind is LineKind.TRUE_UP:
            return scope.is_all or (bool(self.stands_for) and all(covers(scope, each) for each in self.stands_for))
        return fits(
            scope, charge=self.charge, product=self.product, tags=self.tags, kind=self.kind.value, match=self.match
        )

    def less(
        self,
        kind: LineKind,
        amount: Decimal,
        name: str,
        instrument: str = "",
        lowers_tax: bool = True,
        discount: str = "",
    ) -> Line:
        """Make the negative line that takes ``amount`` off what is open of this one."""
        taken = EXACT.minus(amount)
        self.open = EXACT.subtract(self.open, amount)
        return Line(
            kind, self.charge, self.product, name, self.tax_category, self.period, taken, Fraction(taken),
            tags=self.tags, match=self.match, instrument=instrument, of=self, lowers_tax=lowers_tax,
            discount=discount,
        )  # fmt: skip

    def lower_evenly(self, amount: Decimal, period: Period | None = None) -> None:
        """Take a discount off the pieces in a period that no commit prices, in proportion."""
        whole = self.unowned(period)
        for part in self.parts:
            if not part.piece.committed and part.lies_in(period) and whole:
                part.open -= Fraction(amount) * part.open / whole

    def lower_last(self, amount: Decimal, period: Period | None = None) -> None:
        """Take a cap off the latest pieces in a period, those that no commit prices first."""
        rest = Fraction(amount)
        latest = [part for part in reversed(self.parts) if part.lies_in(period)]
        for part in sorted(latest, key=lambda part: part.piece.committed):
            taken = min(rest, max(part.open, NOTHING))
            part.open, rest = part.open - taken, rest - taken


def sum_open(lines: Iterable[Line], period: Period | None, currency: str) -> Decimal:
    """Add up what is open of what falls into a period; None: of all."""
    return total_of(line.open_in(period, currency) for line in lines)
