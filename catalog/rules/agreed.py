"""What is agreed on the whole of an invoice: fees, discounts, minimums, caps, commits and credits, as frozen values.

``billing.rules`` reads them beside the charges of `catalog.rules.terms`. A scope without anything named covers all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from monetization.values.periods import Period

Dims = tuple[tuple[str, str], ...]
ZERO = Decimal(0)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which lines are meant: each part that is named must fit; an empty part fits all.

    ``dimensions`` fits lines whose price row names these values.
    """

    charges: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    dimensions: Dims = ()

    @property
    def is_all(self) -> bool:
        """Say whether nothing is named."""
        return not (self.charges or self.products or self.tags or self.kinds or self.dimensions)


def fits(scope: Scope, *, charge: str, product: str, tags: frozenset[str], kind: str, match: Dims = ()) -> bool:
    """Say whether a line is in scope."""
    return (
        (not scope.charges or charge in scope.charges)
        and (not scope.products or product in scope.products)
        and (not scope.tags or bool(tags & scope.tags))
        and (not scope.kinds or kind in scope.kinds)
        and set(scope.dimensions) <= set(match)
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A charge of any kind by what scopes look at."""

    key: str
    product: str
    name: str
    tax_category: str
    tags: frozenset[str]
    kind: str


@dataclass(frozen=True, slots=True)
class Discount:
    """A percentage (0 to 100), or a fixed ``amount``, off the lines in scope.

    ``remaining``: what earlier invoices left of the amount. ``counts_for_minimum``: what it takes off still counts as
    spend. ``starts_on`` orders fixed ones. One that ``carries`` its rest is all that is left of it, and never prorates.
    ``period``: when it stands, where that isn't the whole billing period; ``weight`` is then the share of an amount
    that is due.
    """

    percent: Decimal
    key: str
    name: str
    scope: Scope = Scope()
    amount: Decimal = ZERO
    remaining: Decimal | None = None
    starts_on: date | None = None
    counts_for_minimum: bool = False
    carries: bool = False
    period: Period | None = None
    weight: tuple[int, int] = (1, 1)

    def holds_at(self, at: datetime) -> bool:
        """Say whether it stands at an instant."""
        return self.period is None or at in self.period


@dataclass(frozen=True, slots=True)
class Bound:
    """A minimum or a maximum of the lines in scope, for the full period; ``rate`` turns its unit into the currency.

    ``weight``: the share of the amount that is due for its days. ``period``: when it stands, where that isn't the whole
    billing period: only what falls into it counts.
    """

    amount: Decimal
    scope: Scope = Scope()
    rate: Decimal = ONE
    prorates: bool = True
    weight: tuple[int, int] = (1, 1)
    period: Period | None = None


class Timing(StrEnum):
    """When a recurring charge is billed: before its period, or after it."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Composite:
    """A percentage of the rounded lines of a scope, composites excepted; ``share``: of the served days it stands."""

    key: str
    product: str
    name: str
    tax_category: str
    percent: Decimal
    of: Scope = Scope()
    tags: frozenset[str] = frozenset()
    share: tuple[int, int] = (1, 1)


class InstrumentKind(StrEnum):
    """A free grant, value paid for ahead, or spend promised."""

    CREDIT = "credit"
    PREPAID = "prepaid"
    POSTPAID = "postpaid"


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """What units of a charge cost while an instrument covers them: a price of its own, or a multiple of the row's."""

    charge: str
    match: Dims = ()
    unit_price: Decimal | None = None
    multiplier: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """A commit's access item or a credit: ``balance`` can be drawn by what is used in ``period``.

    ``invoiced`` ÷ ``original`` is the cost basis; ``rate`` turns the balance's unit into the currency. ``lowers_tax``:
    drawing lowers the taxed base. ``rolls``: what of its rest may at most roll over at its end. ``outlives``: it goes
    on after the contract, so a stub at the contract's end doesn't end it.
    """

    id: str
    kind: InstrumentKind
    balance: Decimal
    period: Period
    original: Decimal = ZERO
    invoiced: Decimal = ZERO
    priority: int = 0
    rolled_over: bool = False
    scope: Scope = Scope()
    prices: tuple[OwnPrice, ...] = ()
    rate: Decimal = ONE
    true_up: bool = True
    lowers_tax: bool = True
    rolls: Decimal = ZERO
    outlives: bool = False

    def lives_at(self, at: datetime) -> bool:
        """Say whether an instant lies in its access."""
        return at in self.period


@dataclass(frozen=True, slots=True)
class Windowed:
    """A commitment for each UTC hour or local day: ``unit_price`` inside (None: the row's), the row's above.

    The amount is ``amount``, or ``quantity`` × the price inside. ``used_only``: windows without use owe nothing.
    """

    window: str
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    used_only: bool = False
