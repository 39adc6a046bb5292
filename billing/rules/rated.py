"""Rated usage: a charge at one price with its steps and sources, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.rules.pieces import Piece
from catalog.rules.terms import Charge, Dims, MetricTerms, Price, Source
from metering.rules.quantities import UsageRow
from monetization.values.periods import Period

NOTHING = Fraction(0)
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Step:
    """What a line costs in one tier: ``exact = quantity × unit_price + flat_fee``, before
    discounts.

    ``share`` is the tier's share of the line's rounded amount; shares sum to it. ``weight``: the share of its period
    for which a recurring charge is due. ``instrument``: whose own price it is, instead of the row's.
    """

    over: Decimal
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Decimal
    exact: Fraction
    share: Decimal = ZERO
    weight: tuple[int, int] = (1, 1)
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class RatedLine:
    """A charge at one price. ``measured`` is the sum of usage, ``quantity`` the same converted, rounded and less the
    ``free`` units.

    ``list_exact`` is the price before discounts, ``exact`` after them, ``amount`` that rounded once. ``prices`` are the
    rows in force in turn, all of the same content; ``usage`` the rows that it bills; ``pieces`` the list price by time;
    ``spend`` what counts for minimums.
    """

    charge: Charge
    period: Period
    prices: tuple[Price, ...]
    measured: Fraction
    quantity: Fraction
    list_exact: Fraction
    exact: Fraction
    amount: Decimal
    steps: tuple[Step, ...]
    usage: tuple[UsageRow, ...]
    discounts: tuple[str, ...] = ()
    free: Fraction = NOTHING
    pieces: tuple[Piece, ...] = ()
    spend: Fraction = NOTHING

    @property
    def product(self) -> str:
        """The product's key."""
        return self.charge.product

    @property
    def name(self) -> str:
        """The product's name."""
        return self.charge.name

    @property
    def tax_category(self) -> str:
        """What is taxed alike."""
        return self.charge.tax_category

    @property
    def metric(self) -> MetricTerms:
        """What was counted."""
        return self.charge.metric

    @property
    def currency(self) -> str:
        """The invoice's currency."""
        return self.charge.currency

    @property
    def price(self) -> Price:
        """The row first in force on this line."""
        return self.prices[0]

    @property
    def source(self) -> Source:
        """Where that row stands."""
        return self.price.source

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where each of the line's rows stands, in the order of their time."""
        return tuple(price.source for price in self.prices)

    @property
    def match(self) -> Dims:
        """The dimension values that the row names."""
        return self.price.match

    @property
    def unit(self) -> str:
        """What one unit of ``quantity`` is."""
        return self.metric.unit

    @property
    def events(self) -> int:
        """How many events the line was counted from."""
        return sum(row.events for row in self.usage)


@dataclass(frozen=True, slots=True)
class Rating:
    """Lines in the order in which they are printed, and the usage that no row prices (it blocks
    approval).
    """

    lines: tuple[RatedLine, ...]
    unpriced: tuple[UsageRow, ...]
