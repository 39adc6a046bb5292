"""What a contract's period comes to, by the same calls for drafts, previews and the customer's page.

Reads terms and usage, calls the pure rules in the order of the rules, and saves nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from billing.models import TaxRate
from billing.rules import tax as tax_rules
from billing.rules.rating import Rating, rate
from billing.rules.tax import TaxProfile
from billing.rules.totals import Totals, totals
from catalog.models import Contract
from catalog.queries import period_of, terms_for
from catalog.rules.terms import Terms
from metering.queries import mark_of, usage_for
from monetization.values.canonical import digest
from monetization.values.periods import Period, local_date


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


def tax_of(contract: Contract, rating: Rating, on: date) -> tax_rules.Taxes:
    """Tax rounded lines by the places of seller and buyer and the rates of a local date."""
    account, entity = contract.account, contract.legal_entity
    profile = TaxProfile(entity.country, account.country, account.tax_id)
    lines = [(line.tax_category, line.amount) for line in rating.lines]
    rates = _rates(contract.environment_id, entity.country)
    return tax_rules.tax(lines, profile, on=on, rates=rates, currency=contract.currency)


def tax_point(period: Period, zone: str) -> date:
    """Give the last local day of a period: continuous supply is made when its period ends."""
    if period.ends_at is None:
        return local_date(period.starts_at, zone)
    return local_date(period.ends_at - timedelta(microseconds=1), zone)


def _rates(environment_id: int, country: str) -> Sequence[tax_rules.TaxRate]:
    rows = TaxRate.objects.filter(environment_id=environment_id, country=country)
    columns = rows.values_list("country", "tax_category", "percent", "start_date")
    return [tax_rules.TaxRate(*row) for row in columns]
