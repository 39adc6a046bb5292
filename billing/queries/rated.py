"""What a contract's period comes to, by the same calls for drafts, previews and the customer's page.

Reads terms, balances and usage, calls the pure rules in the order of the rules, and saves nothing. The invoice of the
period's usage bears everything but purchases of prepaid commits, which have one of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from billing.queries.balances import opening_balances
from billing.queries.purchases import purchase_fees
from billing.queries.taxed import tax_of, tax_point
from billing.rules import tax as tax_rules
from billing.rules.bill import Bill, bill
from billing.rules.lifecycle import Kind
from billing.rules.lines import Line
from billing.rules.rated import RatedLine
from billing.rules.totals import Totals, totals
from catalog.models import Contract
from catalog.queries import period_of, terms_for
from catalog.rules.terms import Terms
from metering.queries import mark_of, usage_for
from metering.rules.quantities import UsageRow
from monetization.values.canonical import digest
from monetization.values.money import total_of
from monetization.values.periods import Period


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated period: its terms, bill, tax and totals, and the usage mark that they reflect at least."""

    terms: Terms
    bill: Bill
    taxes: tax_rules.Taxes
    totals: Totals
    mark: int

    @property
    def lines(self) -> tuple[Line, ...]:
        """Everything that is printed, in order."""
        return self.bill.lines

    @property
    def usage(self) -> tuple[RatedLine, ...]:
        """The lines of usage; they come first."""
        return tuple(line.rated for line in self.bill.lines if line.rated is not None)

    @property
    def unpriced(self) -> tuple[UsageRow, ...]:
        """Usage that no row prices."""
        return self.bill.unpriced

    @property
    def terms_digest(self) -> bytes:
        return digest(msgspec.to_builtins(self.terms, str_keys=True, order="deterministic"))


@dataclass(frozen=True, slots=True)
class SoFar:
    """A running period as it stands: computed on the spot, nothing stored."""

    period: Period
    bill: Bill
    taxes: tax_rules.Taxes
    totals: Totals


def rated(*, contract: Contract, period: Period, kind: str = Kind.USAGE.value) -> Rated:
    """Rate a period of a contract, or its purchases. Raises DomainError where no terms are in force."""
    terms = terms_for(contract=contract, period=period, balances=opening_balances(contract, period))
    mark = mark_of(contract.account_id)  # before the usage, so that it can only be behind
    if kind == Kind.COMMIT.value:
        terms = _of_purchases(contract, terms)
    usage = usage_for(account_id=contract.account_id, segments=terms.segments) if terms.segments else []
    made = bill(terms, usage)
    taxes = tax_of(contract, made.lines, tax_point(period, terms.zone))
    tax = total_of(line.amount for line in taxes.lines)
    return Rated(terms, made, taxes, totals([made.net], [tax], terms.currency), mark)


def so_far(*, contract: Contract, at: datetime) -> SoFar:
    """Rate the contract's period that an instant lies in."""
    period = period_of(contract, at)
    found = rated(contract=contract, period=period)
    return SoFar(period, found.bill, found.taxes, found.totals)


def _of_purchases(contract: Contract, terms: Terms) -> Terms:
    """Keep what is bought in the period: no usage, discount, minimum or balance has a part in it."""
    return replace(
        terms, segments=(), fees=purchase_fees(contract, terms), discounts=(), minimums=(), maximums=(), instruments=()
    )
