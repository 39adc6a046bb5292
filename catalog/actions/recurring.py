"""Recurring grants of a contract's draft, and the instruments that they become, period by period.

A row for a period is written when something counts on it: an invoice of that time, or the daily run. It says what the
terms say, so writing it earlier or later changes no number; the table takes it once.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import parts
from catalog.actions.part_errors import minor_errors, outside
from catalog.models import Contract, Instrument, Product, RecurringGrant
from catalog.queries.instruments import waiting_grants
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import Conflict, refuse_if


@transaction.atomic
def add(
    *,
    contract: Contract,
    key: str,
    name: str,
    amount: Decimal,
    by: User,
    at: datetime,
    cadence: str = "",
    rollover_periods: int = 0,
    priority: int = 0,
    start_date: date | None = None,
    end_date: date | None = None,
    products: Sequence[Product] = (),
    tags: Sequence[str] = (),
    dimensions: Mapping[str, str] | None = None,
) -> RecurringGrant:
    """Agree a credit of each period; without dates as long as the contract serves."""
    contract = parts.draft(contract, by)
    refuse_if(
        [
            *outside(contract, [("start_date", start_date), ("end_date", end_date)]),
            *minor_errors(contract.currency, "amount", amount),
        ]
    )
    grant = RecurringGrant(
        contract=contract, key=key, name=name, amount=amount, cadence=cadence, rollover_periods=rollover_periods,
        priority=priority, start_date=start_date, end_date=end_date, tags=list(tags), dimensions=dict(dimensions or {}),
    )  # fmt: skip
    return parts.add(contract, grant, products, by=by, at=at)


@transaction.atomic
def write_down(*, contract: Contract, until: date, at: datetime) -> int:
    """Write the instruments of an approved contract's recurring grants up to a day; returns how many were new."""
    if contract.status != "APPROVED":
        return 0
    known = Instrument.objects.filter(contract=contract, recurring__isnull=False)
    made = 0
    grants = RecurringGrant.objects.filter(contract=contract)
    for instrument in list(waiting_grants(contract, grants, known, until)):
        try:
            rows.keep(instrument, by=None, at=at)
            made += 1
        except Conflict:  # somebody else was faster, with the same
            continue
    return made
