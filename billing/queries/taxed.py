"""Tax of a contract's lines, by the places of seller and buyer and the rates in force at the tax point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from billing.models import TaxRate
from billing.rules import tax as tax_rules
from billing.rules.lines import Line
from billing.rules.tax import TaxProfile
from catalog.models import Contract
from catalog.queries import Shelf
from monetization.values.periods import Period, local_date


def tax_of(contract: Contract, lines: Sequence[Line], on: date, shelf: Shelf | None = None) -> tax_rules.Taxes:
    """Tax rounded lines by the places of seller and buyer and the rates of a local date.

    A negative line that doesn't lower the taxed base is left out.
    """
    account, entity = contract.account, contract.legal_entity
    profile = TaxProfile(entity.country, account.country, account.tax_id)
    based = [(line.tax_category, line.amount) for line in lines if line.amount >= 0 or line.lowers_tax]
    key = contract.environment_id, entity.country
    rates = (shelf or Shelf()).once(("tax rates", *key), lambda: _rates(*key))
    return tax_rules.tax(based, profile, on=on, rates=rates, currency=contract.currency)


def tax_point(period: Period, zone: str) -> date:
    """Give the last local day of a period: continuous supply is made when its period ends."""
    if period.ends_at is None:
        return local_date(period.starts_at, zone)
    return local_date(period.ends_at - timedelta(microseconds=1), zone)


def _rates(environment_id: int, country: str) -> Sequence[tax_rules.TaxRate]:
    rows = TaxRate.objects.filter(environment_id=environment_id, country=country)
    columns = rows.values_list("country", "tax_category", "percent", "start_date")
    return [tax_rules.TaxRate(*row) for row in columns]
