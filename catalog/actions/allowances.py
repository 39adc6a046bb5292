"""Free units of a contract's draft, beyond those of its rate card."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import parts
from catalog.models import AgreedAllowance, Contract, Product
from monetization.foundation.models import User
from monetization.values.errors import Invalid


@transaction.atomic
def add_allowance(
    *,
    contract: Contract,
    key: str,
    name: str,
    product: Product,
    units: Decimal,
    by: User,
    at: datetime,
    per: str = "",
) -> AgreedAllowance:
    """Agree free units of each full period; ``per``: for each unit of the recurring charge with that key."""
    contract = parts.draft(contract, by)
    fee = contract.recurring_charges.filter(key=per).first() if per else None
    if per and fee is None:
        raise Invalid(f"“{per}” is no recurring charge of the contract", field="per", fix="Add it first")
    row = AgreedAllowance(contract=contract, key=key, name=name, product=product, units=units, per=fee)
    return parts.add(contract, row, by=by, at=at)
