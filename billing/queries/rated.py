"""What a contract's period comes to, by the same calls for drafts, previews and the customer's page.

Reads terms and usage, calls the pure rules in the order of the rules, and saves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from billing.queries.taxed import tax_of, tax_point
from billing.rules import tax as tax_rules
from billing.rules.rated import Rating
from billing.rules.rating import rate
from billing.rules.totals import Totals, totals
from catalog.models import Contract
from catalog.queries import period_of, terms_for
from catalog.rules.terms import Terms
from metering.queries import mark_of, usage_for
from monetization.values.canonical import digest
from monetization.values.periods import Period


@dataclass(frozen=True, slots=True)
class Rated:
    """A rated period: its terms, lines, tax and totals, and the usage mark that they reflect at least."""

    terms: Terms
    rating: Rating
    taxes: tax_rules.Taxes
    totals: Totals
    mark: int

    @property
    def terms_digest(self) -> bytes:
        return digest(msgspec.to_builtins(self.terms, str_keys=True))


@dataclass(frozen=True, slots=True)
class SoFar:
    """A running period as it stands: computed on the spot, nothing stored."""

    period: Period
    rating: Rating
    taxes: tax_rules.Taxes
    totals: Totals


def rated(*, contract: Contract, period: Period) -> Rated:
    """Rate a period of a contract. Raises DomainError where no terms are in force."""
    terms = terms_for(contract=contract, period=period)
    mark = mark_of(contract.account_id)  # before the usage, so that it can only be behind
    rating = rate(terms, usage_for(account_id=contract.account_id, segments=terms.segments))
    taxes = tax_of(contract, rating, tax_point(period, terms.zone))
    sums = totals((line.amount for line in rating.lines), (line.amount for line in taxes.lines), terms.currency)
    return Rated(terms, rating, taxes, sums, mark)


def so_far(*, contract: Contract, at: datetime) -> SoFar:
    """Rate the contract's period that an instant lies in."""
    period = period_of(contract, at)
    found = rated(contract=contract, period=period)
    return SoFar(period, found.rating, found.taxes, found.totals)
