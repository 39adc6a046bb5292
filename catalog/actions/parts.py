"""What adding and taking away a contract's part shares, whatever the part is."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, guard_account
from catalog.models import Contract, Product
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


def draft(contract: Contract, by: User) -> Contract:
    """Lock a draft for a maker of contracts. Raises NotAllowed, WrongState."""
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    return contract


def add(contract: Contract, row: Part, products: Sequence[Product] = (), *, by: User, at: datetime) -> Part:
    """Keep a new part of a locked draft. Raises Invalid."""
    part: Any = row
    if type(part).objects.filter(contract=contract).count() >= MOST_PARTS:
        raise Invalid(f"A contract has at most {MOST_PARTS} of these", field="key", fix="Take some away")
    if hasattr(part, "product_id"):
        _same_place([part.product], contract.environment_id, "product")
    rows.check(row)
    rows.keep(row, by=by, at=at)
    scope(row, products, contract.environment_id)
    governed.touch(contract, by=by, at=at)
    governed.record(contract, "edited", by=by, at=at, after={part._meta.model_name: part.key})
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
