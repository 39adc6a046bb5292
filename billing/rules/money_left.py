"""What a bill says to limits of money: what use has cost so far, and what is left of the balances in force.

Spend is what usage lines come to after discounts and caps, before commits and credits cover them; fees, minimums and
tax are not use. A balance is what credits and prepaid commits could pay when the period began; what the period has
drawn of them is spent.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.rules.balances import Balance
from billing.rules.bill import Bill
from billing.rules.lines import Line
from billing.rules.scopes import LineKind
from catalog.rules.agreed import InstrumentKind
from monetization.values.money import finite, rounded_down, total_of

LOWERING = (LineKind.DISCOUNT, LineKind.CAP)
PAYING = (InstrumentKind.CREDIT, InstrumentKind.PREPAID)


def spend_of(bill: Bill, product: str = "") -> Decimal:
    """Add up what use has cost, of one product or of all."""
    return total_of(line.amount for line in _of_use(bill) if not product or line.product == product)


def balance_of(bill: Bill, currency: str, at: datetime, product: str = "") -> tuple[Decimal, Decimal]:
    """Give what the balances in force at an instant could pay, and what the period has drawn of it."""
    mine = [each for each in bill.balances if _pays(each, at, product)]
    whole = total_of(rounded_down(_worth(each, Fraction(each.instrument.balance)), currency) for each in mine)
    drawn = sum((_worth(each, each.drawn) for each in mine), Fraction(0))
    return whole, finite(drawn) or rounded_down(drawn, currency)


def _of_use(bill: Bill) -> Iterator[Line]:
    for line in bill.lines:
        whose = line.of if line.kind in LOWERING and line.of is not None else line
        if whose.kind is LineKind.USAGE:
            yield line


def _pays(balance: Balance, at: datetime, product: str) -> bool:
    instrument, scope = balance.instrument, balance.instrument.scope
    serves = not product or not scope.products or product in scope.products
    return instrument.kind in PAYING and instrument.lives_at(at) and serves


def _worth(balance: Balance, amount: Fraction) -> Fraction:
    return amount * Fraction(balance.instrument.rate)
