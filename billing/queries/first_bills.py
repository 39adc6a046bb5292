"""What a contract's first paid period comes to before anything is used, by the rules that rate every invoice."""

from __future__ import annotations

from dataclasses import dataclass

from billing.queries.taxed import tax_of, tax_point
from billing.rules.bill import bill
from billing.rules.lines import Line
from billing.rules.totals import Totals, totals
from catalog.models import Contract
from catalog.queries import first_paid, period_of, terms_for
from monetization.values.money import total_of
from monetization.values.periods import Period, local_midnight


@dataclass(frozen=True, slots=True)
class FirstBill:
    """The first period that is paid, its lines and what they come to; nothing of it is stored."""

    period: Period
    lines: tuple[Line, ...]
    totals: Totals


def first_bill(contract: Contract) -> FirstBill:
    """Rate the first paid period of a contract without usage."""
    zone = contract.account.time_zone
    period = period_of(contract, local_midnight(first_paid(contract), zone))
    made = bill(terms_for(contract=contract, period=period), ())
    taxes = tax_of(contract, made.lines, tax_point(period, zone))
    tax = total_of(line.amount for line in taxes.lines)
    return FirstBill(period, made.lines, totals([made.net], [tax], contract.currency))
