"""Parts of a contract's draft: add a fee, a discount, a minimum or maximum, and take any part away.

A part is never edited: its row stands as it was added, or goes. Whoever adds or removes is a maker of the contract.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models, transaction

from catalog.actions import governed, parts
from catalog.actions.bound_errors import crossing_errors
from catalog.actions.part_errors import minor_errors, outside
from catalog.models import (
    AgreedAllowance,
    AgreedBound,
    AgreedComposite,
    AgreedDiscount,
    Amendment,
    Commit,
    Contract,
    Instrument,
    OneTimeCharge,
    PriceMultiplier,
    PriceOverride,
    Product,
    QuantityChange,
    RecurringCharge,
    RecurringGrant,
)
from catalog.queries.amended import amended
from monetization.foundation.models import User
from monetization.values.errors import Invalid, NotFound, refuse_if


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
    amendment: Amendment | None = None,
    quantity: Decimal = Decimal(1),
    changes: Sequence[tuple[date, Decimal]] = (),
    timing: str = RecurringCharge.Timing.ADVANCE,
    cadence: str = "",
    start_date: date | None = None,
    end_date: date | None = None,
) -> RecurringCharge:
    """Agree a fee for each period; ``changes``: another quantity from a local day on."""
    contract = parts.draft(contract, by, amendment)
    charge = RecurringCharge(
        contract=contract, key=key, name=name, product=product, unit_price=unit_price, quantity=quantity,
        timing=timing, cadence=cadence, start_date=start_date, end_date=end_date,
    )  # fmt: skip
    named = ((f"changes[{n}]", day) for n, (day, _) in enumerate(changes))
    refuse_if(outside(contract, named, amendment=amendment))
    parts.add(contract, charge, by=by, at=at, amendment=amendment)
    for day, number in changes:
        change = QuantityChange(charge=charge, amendment=amendment, start_date=day, quantity=number)
        parts.keep(change, by=by, at=at)
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
    amendment: Amendment | None = None,
    quantity: Decimal = Decimal(1),
    date: date | None = None,
) -> OneTimeCharge:
    """Agree a fee that is due once, on a local day; None: the first that is paid."""
    contract = parts.draft(contract, by, amendment)
    date = date or (amendment.effective_date if amendment is not None else None)
    refuse_if(outside(contract, [("date", date)], amendment=amendment))
    charge = OneTimeCharge(
        contract=contract, key=key, name=name, product=product, unit_price=unit_price, quantity=quantity, date=date
    )
    return parts.add(contract, charge, by=by, at=at, amendment=amendment)


@transaction.atomic
def add_discount(
    *,
    contract: Contract,
    key: str,
    name: str,
    by: User,
    at: datetime,
    amendment: Amendment | None = None,
    percent: Decimal | None = None,
    amount: Decimal | None = None,
    periods: int | None = None,
    carry_rest: bool = False,
    counts_for_minimum: bool = False,
    start_date: date | None = None,
    end_date: date | None = None,
    products: Sequence[Product] = (),
) -> AgreedDiscount:
    """Agree a percentage, or an amount a period, off what these products cost; without any, off everything.

    ``periods``: billing periods from the first one on (a stub counts as one), None: all; ``carry_rest``: what a period
    leaves of its amount comes off the next one, also after the last.
    """
    contract = parts.draft(contract, by, amendment)
    found = list(minor_errors(contract.currency, "amount", amount))
    if carry_rest and amount is None:
        found.append(Invalid("Only an amount leaves a rest", field="carry_rest", fix="Leave it out"))
    refuse_if(found)
    discount = AgreedDiscount(
        contract=contract,
        key=key,
        name=name,
        percent=percent,
        amount=amount,
        periods=periods,
        carry_rest=carry_rest,
        counts_for_minimum=counts_for_minimum,
        start_date=start_date,
        end_date=end_date,
    )
    return parts.add(contract, discount, products, by=by, at=at, amendment=amendment)


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
    amendment: Amendment | None = None,
    prorates: bool = True,
    start_date: date | None = None,
    end_date: date | None = None,
    products: Sequence[Product] = (),
) -> AgreedBound:
    """Agree a minimum or a maximum of what these products come to in a period; without any, of everything."""
    contract = parts.draft(contract, by, amendment)
    refuse_if(minor_errors(contract.currency, "amount", amount))
    bound = AgreedBound(
        contract=contract, key=key, name=name, kind=kind, amount=amount, prorates=prorates,
        start_date=start_date, end_date=end_date,
    )  # fmt: skip
    parts.add(contract, bound, products, by=by, at=at, amendment=amendment)
    refuse_if(crossing_errors(amended(contract, amendment)))
    return bound


PARTS: dict[str, type[models.Model]] = {
    "recurring": RecurringCharge,
    "one_time": OneTimeCharge,
    "allowance": AgreedAllowance,
    "discount": AgreedDiscount,
    "bound": AgreedBound,
    "composite": AgreedComposite,
    "instrument": Instrument,
    "commit": Commit,
    "grant": RecurringGrant,
    "override": PriceOverride,
    "multiplier": PriceMultiplier,
}
WITH_THEM = {"recurring": ("changes",), "commit": ("items", "purchases", "prices"), "override": ("tiers",)}


@transaction.atomic
def remove(*, contract: Contract, part: str, key: str, by: User, at: datetime) -> Contract:
    """Take a part of a draft away: ``part`` is one of ``PARTS``."""
    contract = parts.draft(contract, by)
    model: Any = PARTS.get(part)
    row = model.objects.filter(contract=contract, key=key).first() if model is not None else None
    if part == "instrument" and row is not None and row.commit_id is not None:
        raise Invalid("It is an item of a commit", field="key", fix=f"Take the commit {row.commit.key} away")
    if row is None:
        raise NotFound("The contract has no such part", field="key")
    if part == "recurring" and row.allowances.exists():
        fix = "Take those away first"
        raise Invalid("Free units are counted for each unit of it", field="key", fix=fix)
    for name in WITH_THEM.get(part, ()):
        for child in getattr(row, name).all():
            parts.delete(child, by, at)
    if hasattr(row, "products"):
        row.products.clear()
    parts.delete(row, by, at)
    governed.touch(contract, by=by, at=at)
    governed.record(contract, "edited", by=by, at=at, before={part: key})
    return contract
