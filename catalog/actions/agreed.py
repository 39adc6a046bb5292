"""Parts of a contract's draft: add a fee, a discount, a minimum or maximum, a commit or credit, and take it away.

A part is never edited: its row stands as it was added, or goes. Whoever adds or removes is a maker of the contract.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.db import models, transaction

from catalog.actions import governed
from catalog.actions.contracts import DRAFT, guard_account
from catalog.actions.part_errors import minor_errors, outside
from catalog.models import (
    AgreedBound,
    AgreedDiscount,
    Contract,
    Instrument,
    OneTimeCharge,
    Product,
    QuantityChange,
    RecurringCharge,
)
from monetization.foundation.actions import rows
from monetization.foundation.models import User
from monetization.values.errors import Invalid, NotFound, refuse_if

Part = TypeVar("Part", bound=models.Model)
MOST_PARTS = 200


@transaction.atomic
def add_recurring(
    *,
    contract: Contract,
    key: str,
    name: str,
    product: Product,
    unit_price: Decimal,
    by: User,
    at: datetime,
    quantity: Decimal = Decimal(1),
    changes: Sequence[tuple[date, Decimal]] = (),
    timing: str = RecurringCharge.Timing.ADVANCE,
    cadence: str = "",
) -> RecurringCharge:
    """Agree a fee for each period; ``changes``: another quantity from a local day on."""
    contract = _draft(contract, by)
    charge = RecurringCharge(
        contract=contract, key=key, name=name, product=product, unit_price=unit_price, quantity=quantity,
        timing=timing, cadence=cadence,
    )  # fmt: skip
    refuse_if(outside(contract, ((f"changes[{n}]", day) for n, (day, _) in enumerate(changes))))
    _add(contract, charge, by=by, at=at)
    for day, number in changes:
        change = QuantityChange(charge=charge, start_date=day, quantity=number)
        rows.check(change)
        rows.keep(change, by=by, at=at)
    return charge


@transaction.atomic
def add_one_time(
    *,
    contract: Contract,
    key: str,
    name: str,
    product: Product,
    unit_price: Decimal,
    by: User,
    at: datetime,
    quantity: Decimal = Decimal(1),
    date: date | None = None,
) -> OneTimeCharge:
    """Agree a fee that is due once, on a local day; None: the contract's first."""
    contract = _draft(contract, by)
    refuse_if(outside(contract, [("date", date)]))
    charge = OneTimeCharge(
        contract=contract, key=key, name=name, product=product, unit_price=unit_price, quantity=quantity, date=date
    )
    return _add(contract, charge, by=by, at=at)


@transaction.atomic
def add_discount(
    *,
    contract: Contract,
    key: str,
    name: str,
    by: User,
    at: datetime,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    counts_for_minimum: bool = False,
    products: Sequence[Product] = (),
) -> AgreedDiscount:
    """Agree a percentage, or an amount a period, off what these products cost; without any, off everything."""
    contract = _draft(contract, by)
    refuse_if(minor_errors(contract.currency, "amount", amount))
    discount = AgreedDiscount(
        contract=contract, key=key, name=name, percent=percent, amount=amount, counts_for_minimum=counts_for_minimum
    )
    return _add(contract, discount, products, by=by, at=at)


@transaction.atomic
def add_bound(
    *,
    contract: Contract,
    key: str,
    name: str,
    kind: str,
    amount: Decimal,
    by: User,
    at: datetime,
    prorates: bool = True,
    products: Sequence[Product] = (),
) -> AgreedBound:
    """Agree a minimum or a maximum of what these products come to in a period; without any, of everything."""
    contract = _draft(contract, by)
    refuse_if(minor_errors(contract.currency, "amount", amount))
    bound = AgreedBound(contract=contract, key=key, name=name, kind=kind, amount=amount, prorates=prorates)
    return _add(contract, bound, products, by=by, at=at)


@transaction.atomic
def add_instrument(
    *,
    contract: Contract,
    key: str,
    name: str,
    kind: str,
    amount: Decimal,
    by: User,
    at: datetime,
    start_date: date | None = None,
    end_date: date | None = None,
    invoiced: Decimal = Decimal(0),
    priority: int = 0,
    products: Sequence[Product] = (),
) -> Instrument:
    """Agree a commit or a credit; without dates it may be drawn as long as the contract serves."""
    contract = _draft(contract, by)
    start, end = start_date or contract.start_date, end_date or contract.end_date
    found = [*outside(contract, [("start_date", start), ("end_date", end)])]
    found += [
        *minor_errors(contract.currency, "amount", amount),
        *minor_errors(contract.currency, "invoiced", invoiced),
    ]
    refuse_if(found)
    instrument = Instrument(
        account=contract.account, contract=contract, key=key, name=name, kind=kind, currency=contract.currency,
        amount=amount, invoiced=invoiced, priority=priority, start_date=start, end_date=end,
    )  # fmt: skip
    return _add(contract, instrument, products, by=by, at=at)


PARTS: dict[str, type[models.Model]] = {
    "recurring": RecurringCharge,
    "one_time": OneTimeCharge,
    "discount": AgreedDiscount,
    "bound": AgreedBound,
    "instrument": Instrument,
}


@transaction.atomic
def remove(*, contract: Contract, part: str, key: str, by: User, at: datetime) -> Contract:
    """Take a part of a draft away: ``part`` is one of ``PARTS``."""
    contract = _draft(contract, by)
    model: Any = PARTS.get(part)
    row = model.objects.filter(contract=contract, key=key).first() if model is not None else None
    if row is None:
        raise NotFound("The contract has no such part", field="key")
    for change in row.changes.all() if part == "recurring" else ():
        _delete(change, by, at)
    if hasattr(row, "products"):
        row.products.clear()
    _delete(row, by, at)
    governed.touch(contract, by=by, at=at)
    governed.record(contract, "edited", by=by, at=at, before={part: key})
    return contract


def scope(row: Any, products: Sequence[Product], environment_id: int) -> None:
    """Say which products a row is for; of its environment alone. Raises Invalid."""
    _same_place(products, environment_id, "products")
    if products:
        row.products.add(*products)


def _draft(contract: Contract, by: User) -> Contract:
    rows.allow(by, DRAFT)
    contract = governed.lock_draft(contract)
    guard_account(by, contract.account)
    return contract


def _add(contract: Contract, row: Part, products: Sequence[Product] = (), *, by: User, at: datetime) -> Part:
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


def _delete(row: Any, by: User, at: datetime) -> None:
    row._history_user, row._history_date = by, at
    row.delete()


def _same_place(products: Iterable[Product], environment_id: int, field: str) -> None:
    refuse_if(
        Invalid(f"{product} belongs to another environment", field=field, fix="Choose one of this environment")
        for product in products
        if product.environment_id != environment_id
    )
