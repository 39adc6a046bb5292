"""What adding and taking away a contract's part shares, whatever the part is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, guard_account
from catalog.actions.part_errors import day_errors
from catalog.models import Amendment, Contract, Product
from catalog.models.dated import Dated
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import Invalid, refuse_if

Part = TypeVar("Part", bound=models.Model)
MOST_PARTS = 200


def scope(row: Any, products: Sequence[Product], environment_id: int) -> None:
    """Say which products a row is for; of its environment alone. Raises Invalid."""
    _same_place(products, environment_id, "products")
    if products:
        row.products.add(*products)


def draft(contract: Contract, by: User, amendment: Amendment | None = None) -> Contract:
    """Lock a draft, of the contract or of an amendment, for a maker of contracts. Raises NotAllowed, WrongState."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract) if amendment is None else governed.lock_draft(amendment).contract
    guard_account(by, contract.account)
    return contract


def add(
    contract: Contract,
    row: Part,
    products: Sequence[Product] = (),
    *,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
) -> Part:
    """Keep a new part of a locked draft, or of an amendment's, which it stands from. Raises Invalid."""
    part: Any = row
    if amendment is not None:
        part.amendment = amendment
        if isinstance(part, Dated):
            part.start_date = part.start_date or amendment.effective_date
    if isinstance(part, Dated):
        refuse_if(day_errors(contract, part, amendment=amendment))
    if type(part).objects.filter(contract=contract).count() >= MOST_PARTS:
        raise Invalid(f"A contract has at most {MOST_PARTS} of these", field="key", fix="Take some away")
    if hasattr(part, "product_id"):
        _same_place([part.product], contract.environment_id, "product")
    rows.check(row)
    rows.keep(row, by=by, at=at)
    scope(row, products, contract.environment_id)
    changed = amendment or contract
    governed.touch(changed, by=by, at=at)
    governed.record(changed, "edited", by=by, at=at, after={part._meta.model_name: part.key})
    return row


def keep(row: Part, *, by: User, at: datetime) -> Part:
    """Keep a row that belongs to a part or an amendment. Raises Invalid."""
    rows.check(row)
    rows.keep(row, by=by, at=at)
    return row


def delete(row: Any, by: User, at: datetime) -> None:
    """Take a row away, with its maker in the history."""
    row._history_user, row._history_date = by, at
    row.delete()


def _same_place(products: Iterable[Product], environment_id: int, field: str) -> None:
    refuse_if(
        Invalid(f"{product} belongs to another environment", field=field, fix="Choose one of this environment")
        for product in products
        if product.environment_id != environment_id
    )
