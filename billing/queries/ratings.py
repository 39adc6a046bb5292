"""What rating a period gives: all that its draft is written from, and a running period as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from billing.queries.terms_digest import terms_digest
from billing.rules import tax as tax_rules
from billing.rules.bill import Bill
from billing.rules.lines import Line
from billing.rules.rated import RatedLine
from billing.rules.totals import Totals
from catalog.rules.terms import Terms
from metering.rules.quantities import UsageRow
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
        return terms_digest(self.terms)


@dataclass(frozen=True, slots=True)
class SoFar:
    """A running period as it stands: computed on the spot, nothing stored."""

    period: Period
    bill: Bill
    taxes: tax_rules.Taxes
    totals: Totals
