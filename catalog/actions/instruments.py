"""Commits and credits of one item in a contract's draft; those with schedules are `catalog.actions.commits`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import parts
from catalog.actions.part_errors import first_day, minor_errors, outside
from catalog.models import Amendment, Contract, Instrument, Product
from catalog.queries.amended import amended
from monetization.foundation.models import User
from monetization.values.errors import Invalid, refuse_if


@transaction.atomic
def add(
    *,
    contract: Contract,
    key: str,
    name: str,
    kind: str,
    amount: Decimal,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
    invoiced: Decimal = Decimal(0),
    priority: int = 0,
    rollover_percent: Decimal = Decimal(0),
    products: Sequence[Product] = (),
    tags: Sequence[str] = (),
    dimensions: Mapping[str, str] | None = None,
) -> Instrument:
    """Agree a commit or a credit; without dates it may be drawn as long as the contract serves."""
    contract = parts.draft(contract, by, amendment)
    start, end = start_date or first_day(contract, amendment), end_date or amended(contract, amendment).last_date
    found = [*outside(contract, [("start_date", start), ("end_date", end)], amendment=amendment)]
    if end is not None and end < start:
        found.append(Invalid("It ends before it starts", field="end_date", fix=f"Choose {start} or later"))
    found += [
        *minor_errors(contract.currency, "amount", amount),
        *minor_errors(contract.currency, "invoiced", invoiced),
    ]
    refuse_if(found)
    instrument = Instrument(
        account=contract.account, contract=contract, key=key, name=name, kind=kind, currency=contract.currency,
        amount=amount, invoiced=invoiced, priority=priority, start_date=start, end_date=end,
        rollover_percent=rollover_percent, tags=list(tags), dimensions=dict(dimensions or {}),
    )  # fmt: skip
    return parts.add(contract, instrument, products, by=by, at=at, amendment=amendment)
