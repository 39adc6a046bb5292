"""What an invoice prints, as one frozen value: the only thing that its PDF, its portal page and its copy are made of.

On issue the value is written down (``content_of``) and never changes; whatever shows an issued invoice reads it
back (``document_of``), so a later change of address, product name or price can't reach old paper. Amounts are
rounded already, quantities and unit prices exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import msgspec

from billing.rules.scopes import LineKind

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller or buyer as printed; ``lines`` is the address below the name."""

    name: str
    lines: tuple[str, ...]
    country: str
    tax_id: str = ""
    key: str = ""
    registration: str = ""
    bank_details: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedStep:
    """One tier of a line: ``amount`` is its share of the line's rounded amount.

    ``weight`` is the part of the period that it is for, ``14/31``; only a fee has one.
    """

    over: Decimal
    up_to: Decimal | None
    quantity: Decimal
    unit_price: Decimal
    flat_fee: Decimal
    amount: Decimal
    weight: str = "1"

    @property
    def part(self) -> Fraction:
        """The part of its period for which a fee is due."""
        return Fraction(self.weight)

    @property
    def is_plain(self) -> bool:
        """Quantity × price is all there is to say."""
        return not self.over and self.up_to is None and not self.flat_fee and self.weight == "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLine:
    """A line: what was used or is due, how much, at what price; ``first_date`` to ``last_date`` are both served.

    ``of`` is the position of the line that a negative one lowers. Copies of old say neither kind nor that: of usage.
    ``pricing_unit``: what its prices are in, if no currency; ``rate``: what one of it is in the currency.
    """

    position: int
    product: str
    detail: str
    first_date: date
    last_date: date
    quantity: Decimal
    unit: str
    amount: Decimal
    tax_category: str
    steps: tuple[PrintedStep, ...]
    discounts: tuple[str, ...] = ()
    kind: str = LineKind.USAGE.value
    of: int | None = None
    pricing_unit: str = ""
    rate: Decimal = Decimal(1)

    @property
    def lowers(self) -> bool:
        """It takes something off another line: a discount, a cap, a drawdown."""
        return self.of is not None

    @property
    def unit_price(self) -> Decimal | None:
        """The one price of all units; None where tiers say more, or the price is that of packages."""
        alone = self.steps[0] if len(self.steps) == 1 else None
        return alone.unit_price if alone is not None and alone.is_plain and self.counts_units else None

    @property
    def counts_units(self) -> bool:
        """Say whether its steps count the line's units: packages, blocks and flat fees don't."""
        return sum((step.quantity for step in self.steps), Decimal(0)) == self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTax:
    """Tax of one category (EN 16931: S, Z, E, AE, K, G, O) and rate, with its reason where it is not charged."""

    category: str
    percent: Decimal
    base: Decimal
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDocument:
    """Everything on the paper. ``number`` and dates are None until it is issued: a preview."""

    format: int = FORMAT
    kind: str
    number: str | None
    issue_date: date | None
    due_date: date | None
    net_days: int
    currency: str
    language: str
    zone: str
    first_date: date
    last_date: date
    seller: Party
    buyer: Party
    customer: str
    contract: str
    contract_name: str
    purchase_order: str
    lines: tuple[PrintedLine, ...]
    taxes: tuple[PrintedTax, ...]
    net: Decimal
    tax: Decimal
    total: Decimal

    @property
    def is_preview(self) -> bool:
        return self.number is None

    def by_product(self) -> Iterator[tuple[str, list[PrintedLine]]]:
        """Give consecutive lines of one product together, in line order."""
        for product, lines in groupby(self.lines, key=lambda line: line.product):
            yield product, list(lines)


def content_of(document: InvoiceDocument) -> dict[str, Any]:
    """Write the document as JSON values; decimals and dates become text."""
    content: dict[str, Any] = msgspec.to_builtins(document)
    return content


def document_of(content: Mapping[str, Any]) -> InvoiceDocument:
    """Read back what ``content_of`` wrote."""
    return msgspec.convert(content, InvoiceDocument)
