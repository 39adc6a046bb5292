"""Tax rates: dated facts with their source. A rate is never edited; a new one takes over on its day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.models import TaxRate
from monetization.foundation.actions import audit, rows
from monetization.foundation.models import Environment, User
from monetization.values.errors import Invalid, refuse_if


@transaction.atomic
def set_rate(
    *,
    environment: Environment,
    country: str,
    percent: Decimal,
    start_date: date,
    source: str,
    by: User | None,
    at: datetime,
    tax_category: str = "standard",
) -> TaxRate:
    """Write down a country's rate for a product tax category from a local date on, and where it was published."""
    rows.allow(by, "billing.set_tax_rate")
    rate = TaxRate(
        environment=environment, country=country.upper(), tax_category=tax_category, percent=percent,
        start_date=start_date, source=source,
    )  # fmt: skip
    refuse_if(_errors(rate))
    rows.check(rate)
    rows.keep(rate, by=by, at=at)
    audit.record(
        environment=environment, action="tax_rate.set", subject=rate, by=by, at=at,
        after={"country": rate.country, "tax_category": tax_category, "percent": percent, "start_date": start_date},
    )  # fmt: skip
    return rate


def _errors(rate: TaxRate) -> list[Invalid]:
    if len(rate.country) == 2 and rate.country.isalpha():
        return []
    return [Invalid("This is not a country", field="country", fix="Use two letters of ISO 3166-1, such as DE")]
