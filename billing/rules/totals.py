"""Totals of an invoice: the sum of what is printed, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from monetization.values.money import EXACT, round_once, total_of


@dataclass(frozen=True, slots=True)
class Totals:
    """Sum of printed lines, of printed tax lines, and of both."""

    net: Decimal
    tax: Decimal
    total: Decimal


def totals(lines: Iterable[Decimal], taxes: Iterable[Decimal], currency: str) -> Totals:
    """Add up rounded line and tax amounts; the results keep the currency's trailing zeros."""
    net, tax = round_once(total_of(lines), currency), round_once(total_of(taxes), currency)
    return Totals(net, tax, EXACT.add(net, tax))
