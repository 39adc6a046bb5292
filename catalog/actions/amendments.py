"""Amendments: drafted in one go with all that they change, submitted, approved by somebody else, or discarded.

A draft isn't edited: its content is said once; discard it and draft another. Nothing before its effective date changes,
and it can't take effect in a time whose invoice is frozen.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog.actions import agreed, governed, instruments, own_prices, parts
from catalog.actions.amendment_errors import content_errors, end_errors, errors, field_errors, quantity_errors
from catalog.actions.composites import add_composite
from catalog.actions.contracts import DRAFT, guard_account
from catalog.actions.part_errors import facts_of
from catalog.models import Amendment, Contract, PartEnd, QuantityChange, RecurringCharge
from catalog.queries.amended import amended
from catalog.queries.amended_parts import KINDS
from catalog.rules.versions import VersionStatus
from monetization.foundation.actions import rows
from monetization.foundation.models import ChangeRequest, User
from monetization.values.errors import DomainError, Invalid, WrongState, refuse_if

ADD: Mapping[str, Callable[..., Any]] = {
    "recurring": agreed.add_recurring,
    "one_time": agreed.add_one_time,
    "discount": agreed.add_discount,
    "bound": agreed.add_bound,
    "composite": add_composite,
    "instrument": instruments.add,
    "override": own_prices.add_override,
    "multiplier": own_prices.add_multiplier,
}


@transaction.atomic
def draft(
    *,
    contract: Contract,
    kind: str,
    effective_date: date,
    by: User,
    at: datetime,
    reason: str = "",
    adds: Sequence[tuple[str, Mapping[str, Any]]] = (),
    quantities: Sequence[Mapping[str, Any]] = (),
    ends: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> Amendment:
    """Write down what shall change from a local day on. What isn't said stays.

    ``adds``: (kind of part, what its action takes); ``quantities``: {key, quantity, start_date} of recurring charges;
    ``ends``: {part, key, last_date}; ``settings``: end_date, is_open, rate_card, pinned_version, pinned_until, unpins,
    net_days, purchase_order.
    """
    rows.allow(by, DRAFT)
    contract = rows.lock(contract)
    guard_account(by, contract.account)
    if contract.status != VersionStatus.APPROVED.value:
        raise WrongState("Only an approved contract is amended", field="contract", fix="Edit its draft")
    last = contract.amendments.order_by("-number").first()
    amendment = Amendment(
        contract=contract, number=last.number + 1 if last is not None else 1, kind=kind, effective_date=effective_date,
        reason=reason, **settings,
    )  # fmt: skip
    governed.begin(amendment, by=by, at=at)
    refuse_if(field_errors(amendment))
    rows.check(amendment)
    rows.keep(amendment, by=by, at=at)
    governed.record(amendment, "drafted", by=by, at=at, after={"contract": contract.key, "effective": effective_date})
    _fill(amendment, adds, quantities, ends, by, at)
    refuse_if(content_errors(amendment))
    return amendment


@transaction.atomic
def submit(*, amendment: Amendment, reason: str, by: User, at: datetime, title: str = "") -> ChangeRequest:
    """Ask for decisions about a draft; it is frozen from here on."""
    rows.allow(by, DRAFT)
    amendment = governed.lock_draft(amendment)
    guard_account(by, amendment.contract.account)
    refuse_if(errors(amendment, at))
    return governed.propose(
        amendment, title=title or f"{amendment.get_kind_display()} of {amendment.contract}", reason=reason,
        facts=facts_of(amendment.contract, amendment), effective_at=None, by=by, at=at,
    )  # fmt: skip


@transaction.atomic
def discard(*, amendment: Amendment, by: User, at: datetime) -> Amendment:
    """Give up a draft that was never submitted or was sent back."""
    rows.allow(by, DRAFT)
    amendment = governed.lock_draft(amendment)
    guard_account(by, amendment.contract.account)
    governed.move(amendment, VersionStatus.WITHDRAWN, by=by, at=at)
    return amendment


def settle(amendment: Amendment) -> None:
    """Move its contract's last day, once it is approved."""
    contract = rows.lock(amendment.contract)
    last = amended(contract).last_date
    if last != contract.last_date:
        Contract.objects.filter(pk=contract.pk).update(last_date=last)


def _fill(
    amendment: Amendment,
    adds: Sequence[tuple[str, Mapping[str, Any]]],
    quantities: Sequence[Mapping[str, Any]],
    ends: Sequence[Mapping[str, Any]],
    by: User,
    at: datetime,
) -> None:
    said: dict[str, Any] = {"amendment": amendment, "by": by, "at": at}
    for number, values in enumerate(ends):
        _at(f"ends[{number}]", end_part, **values, **said)
    names = {kind: name for name, kind in KINDS.items()}
    counts = dict.fromkeys(names, -1)
    for part, values in adds:
        counts[part] += 1
        _at(f"{names[part]}[{counts[part]}]", ADD[part], contract=amendment.contract, **values, **said)
    for number, values in enumerate(quantities):
        _at(f"quantities[{number}]", change_quantity, **values, **said)


def _at(path: str, act: Callable[..., Any], **said: Any) -> None:
    """Do it; errors name their field below a path."""
    try:
        act(**said)
    except DomainError as error:
        refuse_if(
            Invalid(each.message, field=f"{path}.{each.field}" if each.field else path, fix=each.fix)
            for each in error.errors
        )


@transaction.atomic
def change_quantity(
    *, amendment: Amendment, key: str, quantity: Decimal, by: User, at: datetime, start_date: date | None = None
) -> QuantityChange:
    """Agree another quantity of a recurring charge from a day on; without one from when the amendment takes effect."""
    charge = RecurringCharge.objects.filter(contract=amendment.contract, key=key).first()
    change = QuantityChange(
        charge=charge, amendment=amendment, start_date=start_date or amendment.effective_date, quantity=quantity
    )
    refuse_if(quantity_errors(amendment, change, key))
    return parts.keep(change, by=by, at=at)


@transaction.atomic
def end_part(
    *, amendment: Amendment, part: str, key: str, by: User, at: datetime, last_date: date | None = None
) -> PartEnd:
    """End a part; without a day it stands until the day before the amendment takes effect."""
    last = last_date or amendment.effective_date - timedelta(days=1)
    end = PartEnd(amendment=amendment, part=part, key=key, last_date=last)
    refuse_if(end_errors(amendment, end))
    return parts.keep(end, by=by, at=at)
