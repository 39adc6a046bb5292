"""What a plan version packs beside its rate card, as frozen values: one document, amounts exact and by currency.

Products, metrics and fees are named by key. Money is given for each currency that the plan offers, never converted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

ZERO = Decimal(0)
ONE = Decimal(1)
Money = dict[str, Decimal]
Cadence = Literal["MONTHLY", "QUARTERLY", "ANNUAL"]


class Part(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A part of the package; ``key`` tells it from others of its kind, in one contract and across versions."""

    key: str
    name: str


class Fee(Part, frozen=True):
    """A recurring fee: quantity × unit price for each period of its cadence ("": the contract's)."""

    product: str
    unit_price: Money
    quantity: Decimal = ONE
    timing: Literal["ADVANCE", "ARREARS"] = "ADVANCE"
    cadence: Cadence | Literal[""] = ""


class OneTimeFee(Part, frozen=True):
    """A fee that is due once, on the first day that is paid for."""

    product: str
    unit_price: Money
    quantity: Decimal = ONE


class Allowance(Part, frozen=True):
    """Free units of each full period beyond the card's; with ``per``, for each unit of that recurring fee."""

    product: str
    units: Decimal
    per: str = ""


class Cap(Part, frozen=True):
    """A limit of use that a sign-up sets: ``most`` units of a metric, or ``amount`` of spend."""

    metric: str = ""
    match: dict[str, str] = {}
    most: Decimal | None = None
    amount: Money = {}
    window: Literal["DAY", "BILLING_PERIOD"] = "BILLING_PERIOD"
    is_hard: bool = True
    thresholds: list[int] = []


class Grant(Part, frozen=True):
    """A credit from the first day that is paid for; valid so many months or days, or as long as the contract."""

    amount: Money
    months: int = 0
    days: int = 0
    products: list[str] = []


class Reduction(Part, frozen=True):
    """A discount: a percentage, or an amount a period."""

    percent: Decimal | None = None
    amount: Money = {}
    counts_for_minimum: bool = False
    products: list[str] = []


class Bound(Part, frozen=True):
    """A minimum or maximum of a full period."""

    kind: Literal["MINIMUM", "MAXIMUM"]
    amount: Money
    prorates: bool = True
    products: list[str] = []


class Package(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """All that a contract made from the plan agrees; ``term_months`` counts from the first paid day, None is open."""

    currencies: list[str] = []
    cadence: Cadence = "MONTHLY"
    anchor: Literal["contract_day", "first", "day"] = "contract_day"
    anchor_day: int | None = None
    net_days: int = 30
    trial_days: int = 0
    term_months: int | None = None
    fees: list[Fee] = []
    one_time: list[OneTimeFee] = []
    allowances: list[Allowance] = []
    limits: list[Cap] = []
    grants: list[Grant] = []
    discounts: list[Reduction] = []
    bounds: list[Bound] = []


KINDS: dict[str, type[Part]] = {
    "fees": Fee,
    "one_time": OneTimeFee,
    "allowances": Allowance,
    "limits": Cap,
    "grants": Grant,
    "discounts": Reduction,
    "bounds": Bound,
}
TERMS = ("currencies", "cadence", "anchor", "anchor_day", "net_days", "trial_days", "term_months")


def parts_of(package: Package, kind: str) -> list[Part]:
    """Give the parts of one kind."""
    found: list[Part] = getattr(package, kind)
    return found
