"""Free units of a contract's draft, beyond those of its rate card."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, guard_account
from catalog.models import AgreedAllowance, Contract, Product
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import Invalid, refuse_if


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
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    fee = contract.recurring_charges.filter(key=per).first() if per else None
    found = [Invalid(f"“{per}” is no recurring charge of the contract", field="per", fix="Add it first")]
    refuse_if(found if per and fee is None else ())
    if product.environment_id != contract.environment_id:
        raise Invalid(f"{product} belongs to another environment", field="product", fix="Choose one of this one")
    row = AgreedAllowance(contract=contract, key=key, name=name, product=product, units=units, per=fee)
    rows.check(row)
    rows.keep(row, by=by, at=at)
    governed.touch(contract, by=by, at=at)
    governed.record(contract, "edited", by=by, at=at, after={"allowance": key})
    return row
